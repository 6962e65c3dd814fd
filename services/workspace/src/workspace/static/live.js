// Keeps what is shown as the store has it. An event says which conversation; all of it is asked anew.
import { refreshCalls } from "./call.js"
import { $, built, home, pane, text, unanswered, url } from "./page.js"

const QUEUE_AFTER = 250, NEAR = 120, AGAIN = 2000
let queueTimer = 0, againTimer = 0

const tellLine = (fine) => {
  const mark = $("live")
  if (!mark) return
  mark.hidden = fine
  mark.textContent = fine ? "" : mark.dataset.off
}
// What could not be asked is asked again, all of it, until it is answered.
document.addEventListener("desk:unanswered", () => {
  tellLine(false)
  clearTimeout(againTimer)
  againTimer = setTimeout(() => { refreshQueue(); refreshTimeline(); refreshCalls() }, AGAIN)
})

export const listen = () => {
  const source = new EventSource(`${home()}live`)
  source.addEventListener("open", () => tellLine(true))
  source.addEventListener("error", () => tellLine(false))
  source.addEventListener("entry", (event) => {
    const said = JSON.parse(event.data)
    refreshQueue()
    if (!said.conversation) refreshCalls() // something may have been missed
    if (!said.conversation || said.conversation === pane()?.dataset.id) refreshTimeline()
  })
  source.addEventListener("seen", refreshQueue)
  source.addEventListener("call", refreshCalls)
  addEventListener("pagehide", () => source.close())
}

export const refreshQueue = () => {
  clearTimeout(queueTimer)
  queueTimer = setTimeout(() => {
    const queue = $("queue")
    if (!queue || "found" in queue.dataset) return
    const { view, after = "" } = queue.dataset, open = pane()?.dataset.id ?? ""
    htmx.ajax("GET", `${home()}queue?view=${view}&after=${encodeURIComponent(after)}&open_=${open}`, { source: "#queue", target: "#queue", swap: "outerMorph" }).catch(unanswered)
  }, QUEUE_AFTER)
}

// ---- the timeline
const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < NEAR
// On a narrow screen all of a conversation scrolls as one, and the latest entry is what one wants to see first.
export const toEnd = (box) => {
  box.scrollTop = box.scrollHeight
  if (box.scrollHeight <= box.clientHeight) [...box.querySelectorAll("article")].pop()?.scrollIntoView({ block: "center", behavior: "instant" })
}

// Answers may overtake each other: one that was asked for before what is shown would take that away.
const turns = () => {
  let asked = 0, shown = 0
  const isLate = (turn) => {
    if (turn < shown) return true
    shown = turn
    return false
  }
  return { next: () => ++asked, isLate }
}
const looks = turns(), around = turns()

// One look at everything shown: new entries, changed deliveries, what was moved away.
const refreshTimeline = async () => {
  const box = $("timeline"), c = url()
  if (!box || !c) return
  const first = box.querySelector("article[data-place]"), turn = looks.next()
  const html = await text(`${c}/entries?after=${first ? first.dataset.place - 1 : 0}`)
  if (html === null || url() !== c || looks.isLate(turn)) return
  tellLine(true)
  const stay = !atEnd(box), news = merge(box, built(html))
  if (!stay) toEnd(box)
  if (!stay && document.visibilityState === "visible") seeAll(box)
  if (news.some((one) => one.dataset.side === "in")) tellNews(stay)
  if (news.length) refreshAround(c)
  const held = $("held")
  if (held?.children.length) htmx.ajax("GET", `${c}/held`, { source: held, target: held, swap: "outerHTML" }).catch(unanswered)
}

const merge = (box, fresh) => {
  const news = [], places = new Map()
  box.querySelector(":scope > .hub-empty")?.remove()
  for (const one of fresh.querySelectorAll("article[data-place]")) {
    places.set(one.id, one)
    const old = $(one.id)
    if (old) { renew(old, one); continue }
    const day = dayOf(one)
    if (day && !box.querySelector(`[data-day="${day.dataset.day}"]`)) box.insertBefore(day.cloneNode(true), $("held"))
    const next = one.cloneNode(true)
    box.insertBefore(next, $("held"))
    news.push(next)
  }
  const least = Math.min(...[...places.values()].map((one) => Number(one.dataset.place)))
  for (const old of box.querySelectorAll("article[data-place]"))
    if (Number(old.dataset.place) >= least && !places.has(old.id)) old.remove()
  return news
}
const dayOf = (one) => {
  let before = one.previousElementSibling
  while (before && !before.matches(".hub-day")) before = before.previousElementSibling
  return before
}
const renew = (old, one) => {
  const open = old.querySelector(":scope > details[open]"), focused = old.contains(document.activeElement)
  if (!open && !focused) { old.replaceWith(one.cloneNode(true)); return }
  const was = old.querySelector(".entry__delivery"), is = one.querySelector(".entry__delivery")
  if (was && is) was.replaceWith(is.cloneNode(true))
}

const seeAll = (box) => {
  const last = [...box.querySelectorAll("article[data-place]")].pop()
  if (last && $("seen") && !$("text").value.trim()) $("seen").value = last.dataset.place
}
const tellNews = (stay) => {
  const told = $("news")
  if (told && (stay || $("text").value.trim())) told.textContent = told.dataset.text
}

// Who takes part and who takes care, the state, other conversations may have changed with an entry.
const refreshAround = async (c) => {
  const turn = around.next(), html = await text(c)
  if (html === null || url() !== c || around.isLate(turn)) return
  const fresh = built(html)
  for (const part of ["#who", ".talk__head"]) {
    const old = document.querySelector(part), next = fresh.querySelector(part)
    if (!old || !next || old.contains(document.activeElement)) continue
    old.replaceWith(next)
    htmx.process(next)
  }
}
