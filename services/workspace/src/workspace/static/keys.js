// The keyboard: single keys where nobody types, Ctrl+Enter to send, Escape to leave.
import { $ } from "./page.js"
import { write } from "./composer.js"

const lines = () => [...document.querySelectorAll(".line")]
const step = (by) => {
  const all = lines()
  const now = all.indexOf(document.activeElement.closest?.(".line") ?? document.querySelector(".line[aria-current]"))
  all[Math.max(0, Math.min(all.length - 1, now + by))]?.focus()
}
// Where pages of a document are leafed through, these press its links.
const LEAF = { ArrowRight: "next", ArrowLeft: "previous", "+": "+", "-": "-", d: "d", o: "o" }
const leaf = (key) => document.querySelector(`#pages [data-key="${LEAF[key]}"]`)
const press = (key) => document.querySelector(`#pane [data-key="${key}"]`)?.click()
// What is folded away in the message that has the focus, else in the newest that folds anything.
const unfold = () => {
  const here = document.activeElement.closest?.("article")?.querySelector(".entry__more")
  const one = here ?? [...document.querySelectorAll("#pane .entry__more[data-folded]")].pop()
  if (!one) return
  one.open = !one.open
  one.querySelector("summary").focus()
}
const KEYS = {
  j: () => step(1), k: () => step(-1),
  r: () => write("mode-reply"), n: () => write("mode-note"),
  a: () => press("a"), e: () => press("e"), z: unfold,
  ...Object.fromEntries([..."0123456"].map((key) => [key, () => press(key)])),
  t: () => document.querySelector('#calls [data-key="t"]')?.click(),
  "/": () => $("search")?.focus(), "?": () => $("help")?.showModal(),
}
const isTyping = (target) => target.closest?.("input:not([type=radio], [type=checkbox]), textarea, select, dialog[open]")
// In an enlarged picture the arrows move it.
const isScrolled = (event) => event.key.startsWith("Arrow") && event.target.scrollWidth > event.target.clientWidth && event.target.matches?.(".leaf__sheet")
const keysOn = () => localStorage.getItem("desk-keys") !== "off"

document.addEventListener("keydown", (event) => {
  const bare = !event.ctrlKey && !event.metaKey && !event.altKey
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest("#composer, #call-note")) {
    event.target.form.requestSubmit()
  } else if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false
    if (isTyping(event.target) && !event.target.closest("dialog")) event.target.blur()
  } else if (LEAF[event.key] && bare && keysOn() && !isTyping(event.target) && !isScrolled(event) && leaf(event.key)) {
    event.preventDefault()
    leaf(event.key).click()
  } else if (KEYS[event.key] && bare && keysOn() && !isTyping(event.target)) {
    event.preventDefault()
    KEYS[event.key]()
  }
})
document.addEventListener("change", (event) => {
  if (event.target.id === "keys-on") localStorage.setItem("desk-keys", event.target.checked ? "on" : "off")
})
if ($("keys-on")) $("keys-on").checked = keysOn()
