// Calls: tells who rings without taking the focus, and keeps what is noted of a call at every word.
import { $, built, home, piece, text, unanswered } from "./page.js"

const KEEP_AFTER = 300
let keepTimer = 0, asked = 0
const away = new Set() // what this agent does not want to see any more

// One look at all calls. Only what has changed is put in anew, or it would be read out again.
export const refreshCalls = async () => {
  const box = $("calls"), turn = ++asked
  if (!box) return
  const html = await text(`${home()}calls`)
  if (html === null || turn !== asked) return
  const fresh = new Map([...built(html).querySelectorAll(".ring")].filter((one) => !away.has(one.id)).map((one) => [one.id, one]))
  for (const old of [...box.children]) if (!fresh.has(old.id)) old.remove()
  for (const [id, one] of fresh) {
    const old = $(id)
    if (old?.dataset.as === one.outerHTML) continue
    const next = one.cloneNode(true)
    next.dataset.as = one.outerHTML
    if (old) old.replaceWith(next)
    else box.append(next)
    htmx.process(next)
  }
}

document.addEventListener("click", (event) => {
  const id = event.target.dataset?.away
  if (!id) return
  away.add(id)
  $(id)?.remove()
})

const form = () => $("call-note")
const keep = async () => {
  clearTimeout(keepTimer)
  keepTimer = 0
  const here = form(), state = $("call-state")
  if (!here) return
  try {
    const answer = await fetch(here.dataset.draft, { method: "POST", body: new FormData(here), ...piece })
    if (!keepTimer || !answer.ok) state.textContent = answer.ok ? state.dataset.kept : state.dataset.failed
  } catch { state.textContent = state.dataset.failed; unanswered() }
}
document.addEventListener("input", (event) => {
  if (!event.target.closest("#call-note")) return
  $("call-state").textContent = ""
  clearTimeout(keepTimer)
  keepTimer = setTimeout(keep, KEEP_AFTER)
})
document.addEventListener("htmx:before:request", (event) => {
  if (event.target.id === "call-note") { clearTimeout(keepTimer); keepTimer = 0 } // it is sent whole
  else if (keepTimer) keep()
})
addEventListener("pagehide", () => {
  if (keepTimer && form()) navigator.sendBeacon(form().dataset.draft, new FormData(form()))
})
