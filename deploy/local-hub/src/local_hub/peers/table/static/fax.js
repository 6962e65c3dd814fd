// The visitor's fax machine: shows pages that came and went, sends what is typed or a file.
// All texts are in the page.
const $ = (id) => document.getElementById(id)
const list = $("faxes"), form = $("write-fax")
const EVERY = 2000 // milliseconds between two looks
let shown = ""

const address = () => `${$("fax").dataset.machines}/${encodeURIComponent($("machine").value)}`
const fill = (text, values) => text.replace(/{(\w+)}/g, (_, name) => values[name])

function drawPage(fax, number, about) {
  const item = document.createElement("li"), link = document.createElement("a")
  const image = document.createElement("img")
  link.href = image.src = `${address()}/${fax.id}/${number}.png`
  link.target = "_blank"
  image.loading = "lazy"
  image.width = 128
  image.height = 181
  const page = fill(list.dataset.page, { page: number, pages: fax.pages })
  image.alt = `${about}: ${page}`
  link.append(image)
  item.append(link)
  return item
}

function draw(fax) {
  const item = document.createElement("li"), article = document.createElement("article")
  const who = document.createElement("p"), pages = document.createElement("ol")
  who.className = "hub-muted"
  who.textContent = fill(fax.mine ? list.dataset.sent : list.dataset.came, { number: fax.other })
  pages.className = "table__pages"
  for (let number = 1; number <= fax.pages; number++) pages.append(drawPage(fax, number, who.textContent))
  article.append(who, pages)
  item.append(article)
  return item
}

async function look() {
  const answer = await fetch(address()).catch(() => null)
  const found = answer?.ok ? await answer.json() : []
  const now = $("machine").value + found.map((fax) => fax.id).join()
  if (now === shown) return
  shown = now
  const come = found.filter((fax) => !fax.mine).length
  $("faxes-count").textContent = come ? `(${come})` : ""
  const none = document.createElement("li")
  none.className = "hub-muted"
  none.textContent = list.dataset.none
  list.replaceChildren(...(found.length ? found.map(draw) : [none]))
}

const encoded = (file) =>
  new Promise((done, failed) => {
    const reader = new FileReader()
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1))
    reader.onerror = failed
    reader.readAsDataURL(file)
  })

async function send() {
  const file = $("fax-file").files[0]
  const wanted = {
    to: $("fax-to").value,
    text: $("fax-text").value,
    base64: file ? await encoded(file) : "",
    partial: $("fax-partial").checked,
  }
  const headers = { "Content-Type": "application/json" }
  const body = JSON.stringify(wanted)
  const answer = await fetch(`${address()}/send`, { method: "POST", headers, body })
  return answer.ok && (await answer.json()).status === 200
}

async function submit() {
  if (!$("fax-text").value.trim() && !$("fax-file").files.length) {
    $("faxed").textContent = form.dataset.empty
    $("fax-text").focus()
    return
  }
  const well = await send().catch(() => false)
  $("faxed").textContent = well ? form.dataset.sent : form.dataset.failed
  if (well) form.querySelectorAll("textarea, input[type=file]").forEach((one) => (one.value = ""))
  look()
}

if (form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    submit()
  })
  $("machine").addEventListener("change", look)
  setInterval(look, EVERY)
  look()
}
