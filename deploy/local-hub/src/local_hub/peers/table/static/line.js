// The visitor's telephone: calls, shows what is heard, presses keys. All texts are in the page.
const $ = (id) => document.getElementById(id)
const line = $("line"), heard = $("heard"), keyed = $("keyed")
let call = null // as the exchange shows it
let keys = "" // pressed, not yet sent

const address = () => `${$("phone").dataset.handsets}/${encodeURIComponent($("handset").value)}/calls`

async function ask(path, body) {
  const headers = { "Content-Type": "application/json" }
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(answer.status)
  return answer.json()
}

function drawn(said) {
  const item = document.createElement("p")
  item.className = `table__said table__said--${said.who}`
  item.textContent = said.who === "caller" ? `${line.dataset.mine}: ${said.text}` : said.text
  if (said.language) item.lang = said.language
  return item
}

function show(now) {
  const before = call && call.id === now.id ? heard.children.length : 0
  if (!before) heard.replaceChildren()
  // Only what is new is added, so that it is read out once.
  heard.append(...now.lines.slice(before).map(drawn))
  call = now
  keys = keyed.textContent = ""
  for (const part of line.querySelectorAll("[data-waits]")) {
    part.hidden = !part.dataset.waits.split(" ").includes(now.waits)
  }
  $("hang-up").hidden = !now.waits
  $("dial").hidden = Boolean(now.waits)
  if (!now.waits) $("called").textContent = line.dataset.over
}

async function act(does, text = "") {
  if (!call) return
  const path = `${address()}/${call.id}`
  try {
    show(await ask(path, { does, text }))
  } catch {
    $("called").textContent = line.dataset.failed
  }
}

function press(key) {
  if (!call || !["keys", "queue"].includes(call.waits)) return
  // The hash key ends what is keyed in; alone it is a key like any other.
  const ends = key === "#" && call.digits > 1
  if (!ends) keys += key
  keyed.textContent = keys
  if (ends || keys.length >= call.digits || key === "*") act(keys ? "keys" : "silence", keys)
}

if (line) {
  $("dial").addEventListener("click", async () => {
    $("called").textContent = ""
    try {
      show(await ask(address(), { to: line.dataset.to, withheld: $("withheld").checked }))
      $("keypad").querySelector("button")?.focus()
    } catch {
      $("called").textContent = line.dataset.failed
    }
  })
  for (const key of line.querySelectorAll("[data-key]")) {
    key.addEventListener("click", () => press(key.dataset.key))
  }
  for (const button of line.querySelectorAll("[data-does]")) {
    button.addEventListener("click", () => act(button.dataset.does))
  }
  $("keypad").addEventListener("keydown", (event) => {
    if (!/^[0-9*#]$/.test(event.key)) return
    event.preventDefault()
    press(event.key)
  })
  $("speak").addEventListener("submit", (event) => {
    event.preventDefault()
    act("speak", $("spoken").value)
    $("spoken").value = ""
  })
  $("handset").addEventListener("change", () => act("hang_up"))
}
