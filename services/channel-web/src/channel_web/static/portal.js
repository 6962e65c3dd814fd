// What a browser with JavaScript gets beside the pages, which all work without: print, live, quick.

const piece = "text/vnd.faden.piece+html"

// A page that the browser has only put aside may be of somebody who has left this computer.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload()
})

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false
  button.addEventListener("click", () => window.print())
}

document.addEventListener("change", (event) => {
  const field = event.target
  if (!(field instanceof HTMLInputElement) || field.type !== "file") return
  const sizes = [...field.files].map((file) => file.size)
  const all = sizes.reduce((sum, size) => sum + size, 0)
  const large = sizes.some((size) => size > field.dataset.limit) || all > field.dataset.limitAll
  field.setCustomValidity(large ? field.dataset.large : "")
  tell(field, large ? field.dataset.large : "")
})

function tell(field, text) {
  const id = `${field.id}-error`
  document.getElementById(id)?.remove()
  field.toggleAttribute("aria-invalid", Boolean(text))
  if (!text) return
  field.setAttribute("aria-describedby", `${field.id}-hint ${id}`)
  const said = document.createElement("p")
  said.id = id
  said.className = "kern-error"
  said.setAttribute("role", "alert")
  said.append(Object.assign(document.createElement("span"), { className: "kern-body", textContent: text }))
  field.after(said)
}

// A file that is too large would be refused only after it was sent for minutes.
document.addEventListener("submit", (event) => {
  const bad = event.target.querySelector("input[type=file]:invalid")
  if (!bad) return
  event.preventDefault()
  event.stopImmediatePropagation()
  bad.focus()
})

const log = document.getElementById("verlauf")
if (log?.dataset.live) follow(log)

function follow(log) {
  const source = new EventSource(log.dataset.live)
  const cut = document.getElementById("getrennt")
  source.addEventListener("open", () => steadily(() => { cut.hidden = true }))
  source.addEventListener("error", () => steadily(() => {
    const refused = source.readyState === EventSource.CLOSED // it does not come again by itself
    cut.hidden = refused
    if (refused) setTimeout(() => follow(log), 60_000)
  }))
  source.addEventListener("line", (event) => steadily(() => put(log, event.data)))
  source.addEventListener("state", (event) => steadily(() => {
    const state = document.getElementById("stand")
    if (state && state.textContent.trim() !== event.data) state.textContent = event.data
  }))
  source.addEventListener("end", () => steadily(() => {
    source.close()
    document.getElementById("beendet").hidden = false
  }))
}

// What somebody is writing in stays where it is; what stands above it moves up.
function steadily(change) {
  const composer = document.getElementById("antwort")
  const top = composer.getBoundingClientRect().top
  change()
  if (top > window.innerHeight) return
  const moved = composer.getBoundingClientRect().top - top
  window.scrollBy({ top: moved, behavior: "instant" })
}

function put(log, html) {
  const made = document.createRange().createContextualFragment(html).firstElementChild
  const old = document.getElementById(made.id)
  if (old) {
    old.replaceWith(made)
    return
  }
  log.querySelector("[data-empty]")?.remove()
  log.append(made)
}

const answer = document.getElementById("antwort")
answer?.addEventListener("submit", async (event) => {
  if (event.submitter?.name === "look") return // another language: a page of its own
  event.preventDefault()
  const form = event.target
  const button = form.querySelector("button"), field = form.querySelector("textarea")
  if (button.disabled) return
  button.disabled = true
  field.readOnly = true // what would be typed now would go with the form
  try {
    const said = await fetch(form.action, {
      method: "POST", body: new FormData(form), headers: { Accept: piece },
    })
    if ([401, 410].includes(said.status)) {
      form.submit() // the session has ended: the next page keeps the text and asks for the digits
      return
    }
    if (![200, 413, 422, 503].includes(said.status)) throw new Error(said.status)
    answer.innerHTML = await said.text()
    const summary = answer.querySelector("#fehler")
    ;(summary ?? answer.querySelector("textarea")).focus()
  } catch {
    button.disabled = false
    field.readOnly = false
    tell(field, answer.dataset.offline)
  }
})
