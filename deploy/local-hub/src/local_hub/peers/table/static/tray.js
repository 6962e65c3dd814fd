// Letters that the post has brought: each page as a picture. All texts are in the page.
const $ = (id) => document.getElementById(id)
const list = $("brought")
const EVERY = 3000 // milliseconds between two looks
let shown = ""

function make(name, text, kind = "") {
  const element = document.createElement(name)
  element.textContent = text
  if (kind) element.className = kind
  return element
}

function page(letter, number) {
  const picture = document.createElement("img")
  picture.src = `${list.dataset.from}/${letter.id}/pages/${number}`
  picture.alt = list.dataset.page.replace("{page}", number).replace("{pages}", letter.pages)
  picture.className = "table__page"
  picture.loading = "lazy"
  return picture
}

function draw(letter) {
  const item = document.createElement("li"), article = document.createElement("article")
  const back = make("button", list.dataset.back, "kern-btn kern-btn--secondary")
  back.type = "button"
  back.addEventListener("click", async () => {
    await fetch(`${list.dataset.from}/${letter.id}/return`, { method: "POST" })
    await look()
  })
  article.append(make("h3", letter.address.split("\n")[0], "kern-title"))
  for (let number = 1; number <= letter.pages; number += 1) article.append(page(letter, number))
  article.append(back)
  item.append(article)
  return item
}

async function look() {
  const answer = await fetch(list.dataset.from).catch(() => null)
  if (!answer?.ok) return
  const found = await answer.json(), now = found.map((letter) => letter.id).join()
  if (now === shown) return
  shown = now
  $("brought-count").textContent = found.length ? `(${found.length})` : ""
  const none = make("li", list.dataset.none, "hub-muted")
  list.replaceChildren(...(found.length ? found.map(draw) : [none]))
}

if (list) {
  setInterval(look, EVERY)
  look()
}
