// Says what goes by the chosen way and how much room is left, and holds back what does not go.
import { $ } from "./page.js"

const number = (value) => value.toLocaleString(document.documentElement.lang)
const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => number(values[name]))
const lines = () => [...document.querySelectorAll("#carries [data-carries]")]
const chips = () => [...document.querySelectorAll("#draft-files .chip")]
const goes = (line, chip) => !line.dataset.types || line.dataset.types.split(",").includes(chip.dataset.type)

const isTooMany = ({ hint, mostSegments }) =>
  hint === undefined && mostSegments && segments($("text").value).count > Number(mostSegments)

// What does not go, as `hub_contract.fit` has it: its code, and the field that it is about.
const misfits = (line, length) => {
  const { longest, subject, files, bytes } = line.dataset, all = chips(), found = []
  if (subject === undefined && $("subject").value.trim()) found.push(["no_subject", $("subject")])
  if (length > longest || isTooMany(line.dataset)) found.push(["text_too_long", $("text")])
  if (!all.length) return found
  if (files === undefined) return [...found, ["no_files", $("way")]]
  if (all.length > files) found.push(["too_many_files", $("way")])
  if (all.reduce((sum, chip) => sum + Number(chip.dataset.size), 0) > bytes) found.push(["files_too_large", $("way")])
  if (!all.every((chip) => goes(line, chip))) found.push(["file_type", $("way")])
  return found
}
const tell = (found) => {
  const told = $("misfit"), said = found.map(([code]) => told.getAttribute(`data-${code}`)).join("\n")
  if (told.textContent !== said) told.textContent = said // told once, however much is typed on
  for (const field of [$("text"), $("subject"), $("way")].filter(Boolean)) {
    const mine = found.find(([, about]) => about === field)
    field.setCustomValidity(mine ? told.getAttribute(`data-${mine[0]}`) : "")
    field.toggleAttribute("aria-invalid", Boolean(mine))
  }
}
// How many SMS a text is, as `hub_contract.sms_text` counts; `special`: in the larger alphabet.
const segments = (text) => {
  const { basic, double, room } = JSON.parse($("carries").dataset.alphabet), letters = [...text]
  const special = !letters.every((letter) => basic.includes(letter) || double.includes(letter))
  const [alone, each] = special ? room.slice(2) : room
  const sizes = letters.map((letter) => (special ? letter.length : double.includes(letter) ? 2 : 1))
  if (sizes.reduce((sum, size) => sum + size, 0) <= alone) return { count: 1, special, room: alone }
  let count = 1, left = each
  for (const size of sizes) {
    if (size > left) [count, left] = [count + 1, each]
    left -= size
  }
  return { count, special, room: each }
}
// Whether only a hint goes, while the answer rests in the inbox, as `reply/hint.py` decides it.
const hinted = ({ hint, onlyHint, short, mostSegments }, length) => {
  if (hint === undefined) return false
  const long = mostSegments && segments($("text").value).count > Number(mostSegments)
  return onlyHint !== undefined || long || length > short || chips().length > 0
}
const measured = (line, length) => {
  const { measure, characters, hint } = line.dataset
  if (measure !== "segments") return { count: Math.ceil(length / characters) }
  return hinted(line.dataset, length) ? { ...segments(hint), special: false, hinted: true } : segments($("text").value)
}
const money = (amount, currency) =>
  new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency, minimumFractionDigits: 2, maximumFractionDigits: 4 }).format(amount)
const room = (line, length) => {
  const words = $("carries").dataset, { longest, measure } = line.dataset
  const left = longest - length, facts = { left, over: -left, longest: Number(longest) }
  const near = left < longest / 5 // before that, how much is left is nobody's question
  const said = [fill(left < 0 ? words.over : near ? words.left : words.most, facts)]
  if (measure && length) {
    const facts = measured(line, length), { price, currency } = line.dataset
    if (price) said.unshift(money(Number(price) * facts.count, currency))
    if (facts.special) said.unshift(fill(words.special, facts))
    if (facts.hinted) said.unshift(words.onlyLink)
    said.unshift(fill(facts.count > 1 ? words[measure] : words[measure.slice(0, -1)], facts))
  }
  const shown = line.querySelector(".composer__left")
  shown.textContent = said.join(" · ")
  shown.classList.toggle("composer__left--over", left < 0)
}

// Show what the chosen way carries of what stands in the composer; a note goes no way.
export const fit = () => {
  if (!$("composer")) return
  const channel = $("mode-note").checked ? "" : $("way").value.split("/")[0]
  for (const line of lines()) line.hidden = line.dataset.carries !== channel
  const line = lines().find((one) => !one.hidden)
  const length = [...$("text").value].length // characters, as the contract counts them
  for (const chip of chips()) chip.classList.toggle("chip--misfit", Boolean(line) && (line.dataset.files === undefined || !goes(line, chip)))
  tell(line ? misfits(line, length) : [])
  if (!line) return
  room(line, length)
  $("subject-line").hidden = line.dataset.subject === undefined && !$("subject").value.trim()
  $("files").accept = line.dataset.types ?? ""
  $("files").parentElement.hidden = line.dataset.files === undefined
}
