// Keeps what is typed: as a draft, while an answer is on its way, when the conversation is shown anew.
import { $, piece, put, text, unanswered, url } from "./page.js"
import { fit } from "./carries.js"

const DRAFT_AFTER = 600, HERE_EVERY = 15000
let draftTimer = 0, wroteAt = 0

const composer = () => $("composer")
const isNote = (form) => form.querySelector("#mode-note").checked
const joined = (...texts) => texts.filter((one) => one.trim()).join("\n\n")

// ---- note or answer, and by which way
export const setMode = () => {
  const form = composer()
  if (!form) return
  for (const one of form.querySelectorAll("[data-mode]")) one.hidden = (one.dataset.mode === "note") !== isNote(form)
  form.classList.toggle("composer--note", isNote(form))
  const chosen = $("way")?.selectedOptions[0]
  $("way-warning").textContent = (!isNote(form) && chosen?.dataset.warning) || ""
  fit()
}
export const write = (mode) => {
  const field = $(mode)
  if (!field || field.disabled) return
  field.checked = true
  setMode()
  $("text").focus()
}

// ---- the draft
const typed = () => {
  const form = composer(), data = new FormData()
  for (const name of ["text", "subject", "way", "note"]) {
    const field = form.elements[name]
    if (field) data.set(name, field.value)
  }
  return data
}
const keep = (draft, data) => fetch(draft, { method: "POST", body: data, ...piece })
const keepDraft = async () => {
  clearTimeout(draftTimer)
  draftTimer = 0
  const form = composer(), state = $("draft-state")
  if (!form) return
  try {
    const answer = await keep(form.dataset.draft, typed())
    const isAll = !draftTimer // else something was typed meanwhile
    if (isAll || !answer.ok) state.textContent = answer.ok ? state.dataset.kept : state.dataset.failed
  } catch { state.textContent = state.dataset.failed }
}
const keepLater = () => {
  wroteAt = Date.now()
  if ($("draft-state")) $("draft-state").textContent = "" // what it said is true no more
  clearTimeout(draftTimer)
  draftTimer = setTimeout(keepDraft, DRAFT_AFTER)
}

// ---- on its way: the field is free at once for what is typed next, and is given back what fails
let sending = null // {request, url, draft, data, again}: again, where the next was sent off meanwhile
const givers = new WeakSet() // requests whose answers may give back words, to be typed on
let giving = false // what is shown anew comes from one of them
const letGo = (form, request) => {
  clearTimeout(draftTimer)
  draftTimer = 0
  sending = { request, url: url(), draft: form.dataset.draft, data: typed(), again: false }
  $("text").value = ""
  if ($("subject") && !isNote(form)) $("subject").value = ""
  fit()
}
const giveBack = () => {
  const was = sending
  sending = null
  if (was.url !== url()) { keep(was.draft, was.data); return }
  $("text").value = joined(was.data.get("text"), $("text").value)
  if ($("subject")) $("subject").value ||= was.data.get("subject") ?? ""
  fit()
  keepLater()
}
const show = (where) => htmx.ajax("GET", where, { source: "#pane", target: "#pane", swap: "outerHTML" }).catch(unanswered)
const settle = (request) => {
  const was = sending
  if (request !== was?.request) return
  if (!(request.response?.status < 400)) { giveBack(); return }
  sending = null
  // Another action has renewed the conversation meanwhile, so this answer was not shown.
  if (request.status !== "swapped" && was.url === url()) show(was.url)
  else if (was.again && was.url === url() && $("text").value.trim()) composer().requestSubmit()
}

// The same conversation is shown anew: the page knows best what is typed, and in which mode.
export const carryOver = (old, fresh) => {
  const was = old?.querySelector("#text"), is = fresh?.querySelector("#text")
  if (!was || !is || old.dataset.id !== fresh.dataset.id) return
  const words = was.value, given = giving ? is.value : ""
  const isBack = Boolean(given) && !words.startsWith(given)
  is.value = !isBack ? words : given.includes(words) ? given : joined(given, words)
  if (isBack && sending) sending.again = false
  const about = old.querySelector("#subject")?.value ?? "", subject = fresh.querySelector("#subject")
  if (subject && (about || !giving)) subject.value = about
  // What was meant for colleagues must not become an answer.
  if (!isBack || (words.trim() && isNote(old))) take(old, fresh, words)
  if (words.trim()) keepLater()
}
const take = (old, fresh, words) => {
  const mode = fresh.querySelector(isNote(old) ? "#mode-note" : "#mode-reply")
  if (!mode.disabled) mode.checked = true
  const was = old.querySelector("#way")?.value, way = fresh.querySelector("#way")
  if (words.trim() && [...(way?.options ?? [])].some((one) => one.value === was)) way.value = was
}

// ---- files, and who else writes
const sendFiles = async (field) => {
  const data = new FormData()
  for (const file of field.files) data.append("files", file)
  if (!isNote(composer())) data.append("way", $("way").value)
  field.value = ""
  const html = await text(field.dataset.url, { method: "POST", body: data })
  if (html !== null) put($("draft-files"), html)
  fit()
}
const sayHere = async () => {
  if (!url() || document.visibilityState !== "visible") return
  const html = await text(`${url()}/here?writes=${Date.now() - wroteAt < HERE_EVERY}`)
  if (html !== null) put($("here"), html)
}

document.addEventListener("input", (event) => {
  if (!event.target.closest("#composer") || event.target.type === "file") return
  keepLater()
  fit()
})
document.addEventListener("change", (event) => {
  if (event.target.id === "files") sendFiles(event.target)
  if (event.target.id === "way" || event.target.name === "note") setMode()
})
document.addEventListener("submit", (event) => {
  if (event.target.id === "composer" && sending && $("text").value.trim()) sending.again = true
})
document.addEventListener("htmx:before:request", (event) => {
  const from = event.target, request = event.detail.ctx
  if (from.id === "pane" || from.closest?.("#composer, #held form")) givers.add(request)
  if (from.id === "composer") letGo(from, request)
  else if (draftTimer && from.closest?.(".line, #pane, #calls")) keepDraft()
})
document.addEventListener("htmx:before:swap", (event) => { giving = givers.has(event.detail.ctx) })
document.addEventListener("htmx:finally:request", (event) => {
  settle(event.detail.ctx)
  fit()
})
// A log-in that has ended leads to the log-in and back; what was typed is a draft by then.
export const keepAndReload = async () => {
  if (sending) giveBack()
  if (composer()) await keepDraft()
  location.reload()
}
addEventListener("pagehide", () => {
  if (sending) giveBack()
  if (draftTimer && composer()) navigator.sendBeacon(composer().dataset.draft, typed())
})
setInterval(sayHere, HERE_EVERY)
