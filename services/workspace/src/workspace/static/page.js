// What every part of the desk asks of the page: its elements, its addresses, pieces of the server's.
export const $ = (id) => document.getElementById(id)
export const home = () => document.querySelector(".hub-brand").getAttribute("href")
export const pane = () => $("pane")
export const url = () => pane()?.dataset.url
export const piece = { headers: { "HX-Request": "true" }, credentials: "same-origin" }

// A piece of a page, or null where there is none. No answer at all is told by `desk:unanswered`.
export const text = async (where, more = {}) => {
  let answer
  try { answer = await fetch(where, { ...piece, ...more }) } catch { unanswered(); return null }
  if (answer.status === 401) location.reload()
  if (answer.status >= 500) unanswered()
  return answer.ok ? answer.text() : null
}
export const unanswered = () => document.dispatchEvent(new Event("desk:unanswered"))

export const built = (html) => {
  const template = document.createElement("template")
  template.innerHTML = html
  return template.content
}
export const put = (old, html) => {
  const next = built(html).firstElementChild
  if (!old || !next) return
  old.replaceWith(next)
  htmx.process(next)
}
