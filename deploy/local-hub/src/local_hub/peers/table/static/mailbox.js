// The visitor's mailbox: shows what has come, sends what is written. All texts are in the page.
const $ = (id) => document.getElementById(id)
const box = $("mail"), list = $("letters"), form = $("write")
const EVERY = 2000 // milliseconds between two looks
let answered = "", shown = ""

const address = () => `${box.dataset.mailboxes}/${encodeURIComponent($("who").value)}`

export async function letters() {
  const answer = await fetch(address())
  return answer.ok ? answer.json() : []
}

export async function send(mail) {
  const body = JSON.stringify(mail)
  const headers = { "Content-Type": "application/json" }
  const answer = await fetch(`${address()}/send`, { method: "POST", headers, body })
  return answer.ok && (await answer.json()).code < 500
}

function make(name, text, kind = "") {
  const element = document.createElement(name)
  element.textContent = text
  if (kind) element.className = kind
  return element
}

function draw(letter) {
  const item = document.createElement("li"), article = document.createElement("article")
  const button = make("button", list.dataset.answer, "kern-btn kern-btn--secondary")
  button.type = "button"
  button.addEventListener("click", () => answer(letter))
  article.append(
    make("h3", letter.subject, "kern-title"),
    make("p", `${list.dataset.from} ${letter.sender}`, "hub-muted"),
    make("p", letter.text, "hub-text"),
    button,
  )
  item.append(article)
  return item
}

export async function look() {
  const found = await letters().catch(() => [])
  const now = $("who").value + found.map((letter) => letter.id).join()
  if (now === shown) return
  shown = now
  $("count").textContent = found.length ? `(${found.length})` : ""
  const none = make("li", list.dataset.none, "hub-muted")
  list.replaceChildren(...(found.length ? found.map(draw).reverse() : [none]))
}

function answer(letter) {
  answered = letter ? letter.id : ""
  $("write-title").textContent = letter
    ? `${form.dataset.answers} ${letter.subject}`
    : $("write-title").dataset.new
  $("subject-row").hidden = $("cancel").hidden = false
  if (letter) $("subject-row").hidden = true
  else $("cancel").hidden = true
  if (letter) $("text").focus()
}

form.addEventListener("submit", async (event) => {
  event.preventDefault()
  const text = $("text").value
  const mail = answered
    ? { text, answers: answered }
    : { to: form.dataset.to, subject: $("subject").value, text }
  const well = await send(mail).catch(() => false)
  $("sent").textContent = well ? form.dataset.sent : form.dataset.failed
  if (!well) return
  $("text").value = $("subject").value = ""
  answer(null)
})

const sides = ["web", "mail", "phone", "fax", "letterbox", "tray"].filter($)

export function show(which) {
  for (const side of sides) {
    $(side).hidden = which !== side
    $(`show-${side}`).setAttribute("aria-pressed", String(which === side))
  }
}

for (const side of sides) $(`show-${side}`).addEventListener("click", () => show(side))
$("cancel").addEventListener("click", () => answer(null))
$("who").addEventListener("change", look)
setInterval(look, EVERY)
look()
