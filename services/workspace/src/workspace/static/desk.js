// What the desk does by itself, beyond htmx: opens conversations, tells trouble, counts seconds.
import { $, home, pane, piece, unanswered, url } from "./page.js"
import { listen, refreshQueue, toEnd } from "./live.js"
import { carryOver, keepAndReload, setMode } from "./composer.js"
import "./keys.js"

const TROUBLE_FOR = 10000

const opened = (byHand) => {
  const here = pane()
  if (!here?.dataset.id) return
  document.title = here.dataset.title
  $("columns")?.classList.add("desk__columns--open")
  for (const line of document.querySelectorAll(".line[aria-current]")) line.removeAttribute("aria-current")
  $(`q-${here.dataset.id}`)?.setAttribute("aria-current", "true")
  toEnd($("timeline"))
  setMode()
  if (byHand && (document.activeElement === document.body || !document.activeElement)) $("talk-title").focus({ preventScroll: true })
  fetch(`${url()}/read`, { method: "POST", ...piece, redirect: "manual" }).then(refreshQueue, unanswered)
}
const tellTrouble = (source) => {
  const told = $("trouble")
  if (!told || source.closest?.("#queue, #held") || source.id === "queue") return
  told.textContent = told.dataset.text
  told.hidden = false
  setTimeout(() => { told.hidden = true }, TROUBLE_FOR)
}
const count = () => {
  for (const one of document.querySelectorAll("[data-until]")) {
    const left = Math.ceil((new Date(one.dataset.until) - Date.now()) / 1000)
    one.textContent = left > 0 ? `${left} s` : ""
  }
}

document.addEventListener("toggle", (event) => {
  const inside = event.target.open && event.target.matches(".entry__more") && event.target.querySelector(":scope > div:empty")
  if (!inside) return
  const entry = event.target.closest("article").id.slice("e-".length)
  htmx.ajax("GET", `${home()}e/${entry}`, { source: inside, target: inside, swap: "innerHTML" })
    .then(() => inside.scrollIntoView({ block: "nearest", behavior: "instant" }))
}, true)
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false
  if (event.target.closest("#help-open")) $("help").showModal()
})
document.addEventListener("desk:changed", refreshQueue)
document.addEventListener("htmx:response:error", (event) => {
  if (event.detail.ctx.response.status === 401) keepAndReload()
  else tellTrouble(event.target)
})
document.addEventListener("htmx:error", (event) => tellTrouble(event.target))

let shown = pane()
new MutationObserver(() => {
  if (pane() === shown) return
  carryOver(shown, pane())
  shown = pane()
  opened(true)
}).observe(document.documentElement, { childList: true, subtree: true })
opened(false)
if ($("queue")) listen()
setInterval(count, 500)
