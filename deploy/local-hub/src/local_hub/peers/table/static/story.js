// Tells the story: each step does what a person would do, in the frames and in the mailbox.
import { letters, look, show } from "./mailbox.js"

const $ = (id) => document.getElementById(id)
const PATIENCE = 90000, LOOK = 150, LETTER = 12 // milliseconds
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches
const pause = (time) => new Promise((done) => setTimeout(done, time))

// What is in a frame, or null while that is another origin's (the log-in).
function inside(frame) {
  try {
    return $(frame).contentDocument
  } catch {
    return null
  }
}

async function until(condition, patience = PATIENCE) {
  for (const end = Date.now() + patience; Date.now() < end; await pause(LOOK)) {
    const found = await condition()
    if (found) return found
  }
  throw new Error("stuck")
}

const find = (frame, selector) => until(() => inside(frame)?.querySelector(selector))
const has = (frame, selector, text) =>
  until(() => inside(frame)?.querySelector(selector)?.textContent.includes(text))

async function type(field, text) {
  field.scrollIntoView({ block: "center" })
  for (const letter of calm ? [text] : text) {
    field.value += letter
    if (!calm) await pause(LETTER)
  }
  field.dispatchEvent(new Event("input", { bubbles: true }))
}

async function go(frame, path) {
  const before = inside(frame)
  $(frame).src = path
  await until(() => inside(frame) && inside(frame) !== before && inside(frame).readyState === "complete")
}

const known = {}
const QUESTION = "Guten Tag, ich möchte meinen Hund anmelden. Was brauchen Sie dafür?"
const LATER = "Guten Tag, eines habe ich vergessen: Er heißt Bello und ist ein Zwergschnauzer."
const REPLY = "Guten Tag Frau Mustermann, uns fehlt nur noch die Nummer des Chips."
const NUMBER = "Die Nummer des Chips ist 276 0981 0000."

const steps = {
  async form() {
    show("web")
    const pages = $("web").getAttribute("src")
    await go("web", `${pages}kontakt`)
    await type(await find("web", "[name=subject]"), "Anmeldung meines Hundes")
    await type(await find("web", "[name=text]"), QUESTION)
    await type(await find("web", "[name=name]"), "Erika Mustermann")
    ;(await find("web", "#answer-email")).click()
    await type(await find("web", "[name=email]"), $("who").value)
    known.pages = pages
  },
  async slip() {
    ;(await find("web", "form.hub-form")).requestSubmit()
    known.reference = (await find("web", "#vorgangsnummer")).textContent.trim()
  },
  async mail() {
    known.before = (await letters()).length
    show("mail")
    await type($("subject"), `Zu ${known.reference}`)
    await type($("text"), LATER)
    $("write").requestSubmit()
    await until(() => $("sent").textContent)
  },
  async login() {
    if (!inside("desk")?.querySelector("#queue")) await find("desk", "#queue")
  },
  async read() {
    const line = await until(() =>
      [...(inside("desk")?.querySelectorAll("a.line") ?? [])].find((one) =>
        /Anmeldung meines Hundes|Zu \d/.test(one.textContent),
      ),
    )
    line.click()
    await has("desk", "#timeline", "Zwergschnauzer")
  },
  async reply() {
    await type(await find("desk", "#composer #text"), REPLY)
    ;(await find("desk", "#composer")).requestSubmit()
    await has("desk", "#timeline", "Nummer des Chips")
  },
  async letter() {
    show("mail")
    await until(async () => (await letters()).length > known.before)
    await look()
  },
  async portal() {
    show("web")
    await go("web", `${known.pages}vorgang/gespraech`)
    await has("web", "[role=log]", "Nummer des Chips")
    const form = "#formular"
    await type(await find("web", `${form} [name=text]`), NUMBER)
    ;(await find("web", form)).requestSubmit()
    await has("web", "[role=log]", NUMBER)
  },
  async live() {
    await has("desk", "#timeline", NUMBER)
  },
}

function say(step) {
  $("caption").textContent = $("captions").querySelector(`[data-step=${step}]`).textContent
}

async function tell() {
  $("tell").disabled = true
  for (const [step, act] of Object.entries(steps)) {
    say(step)
    $("next").hidden = false
    $("next").disabled = true
    try {
      await act()
    } catch {
      say("stuck")
      return
    }
    if (step === "live") break
    $("next").disabled = false
    if (step !== "login") {
      $("next").focus()
      await new Promise((done) => $("next").addEventListener("click", done, { once: true }))
    }
  }
  $("next").hidden = true
  $("tell").disabled = false
}

$("tell").addEventListener("click", tell)
