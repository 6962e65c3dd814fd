// The visitor's phone: shows what has come, sends what is typed. All texts are in the page.
const $ = (id) => document.getElementById(id)
const list = $("texts"), form = $("write-text")
const EVERY = 2000 // milliseconds between two looks
let shown = ""

const address = () => `${$("phone").dataset.handsets}/${encodeURIComponent($("handset").value)}`

function draw(text) {
  const item = document.createElement("li"), article = document.createElement("article")
  const who = document.createElement("p"), words = document.createElement("p")
  who.className = "hub-muted"
  who.textContent = text.mine ? list.dataset.mine : text.other
  words.className = "hub-text"
  words.textContent = text.text
  article.append(who, words)
  item.append(article)
  return item
}

async function look() {
  const answer = await fetch(address()).catch(() => null)
  const found = answer?.ok ? await answer.json() : []
  const now = $("handset").value + found.map((text) => text.id).join()
  if (now === shown) return
  shown = now
  const come = found.filter((text) => !text.mine).length
  $("texts-count").textContent = come ? `(${come})` : ""
  const none = document.createElement("li")
  none.className = "hub-muted"
  none.textContent = list.dataset.none
  list.replaceChildren(...(found.length ? found.map(draw) : [none]))
}

async function send(text) {
  const body = JSON.stringify({ to: form.dataset.to, text })
  const headers = { "Content-Type": "application/json" }
  const answer = await fetch(`${address()}/send`, { method: "POST", headers, body })
  return answer.ok && (await answer.json()).status < 300
}

if (form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault()
    const well = await send($("sms").value).catch(() => false)
    $("texted").textContent = well ? form.dataset.sent : form.dataset.failed
    if (well) $("sms").value = ""
    look()
  })
  $("handset").addEventListener("change", look)
  setInterval(look, EVERY)
  look()
}
