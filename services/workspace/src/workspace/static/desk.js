// What the desk does by itself: live entries, the keyboard, drafts, files, the seconds of an answer.
(() => {
  "use strict"
  const $ = (id) => document.getElementById(id)
  const home = () => document.querySelector(".hub-brand").getAttribute("href")
  const piece = { headers: { "HX-Request": "true" }, credentials: "same-origin" }
  const DRAFT_AFTER = 600, HERE_EVERY = 15000, QUEUE_AFTER = 250, NEAR = 120, AGAIN = 2000, TROUBLE_FOR = 10000
  let draftTimer = 0, queueTimer = 0, againTimer = 0, wroteAt = 0

  const text = async (url, more = {}) => {
    let answer
    try { answer = await fetch(url, { ...piece, ...more }) } catch { lookAgain(); return null }
    if (answer.status === 401) location.reload()
    if (answer.status >= 500) lookAgain()
    return answer.ok ? answer.text() : null
  }
  // What could not be asked is asked again, all of it, until it is answered.
  const lookAgain = () => {
    tellLine(false)
    clearTimeout(againTimer)
    againTimer = setTimeout(() => { refreshQueue(); refreshTimeline() }, AGAIN)
  }
  const built = (html) => {
    const template = document.createElement("template")
    template.innerHTML = html
    return template.content
  }
  const put = (old, html) => {
    const next = built(html).firstElementChild
    if (!old || !next) return
    old.replaceWith(next)
    htmx.process(next)
  }

  // ---- the conversation that is open
  const pane = () => $("pane")
  const url = () => pane()?.dataset.url
  const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < NEAR
  // On a narrow screen the page itself scrolls, and the latest entry is what one wants to see first.
  const toEnd = (box) => {
    box.scrollTop = box.scrollHeight
    if (box.scrollHeight <= box.clientHeight) [...box.querySelectorAll("article")].pop()?.scrollIntoView({ block: "center", behavior: "instant" })
  }

  const opened = (byHand) => {
    const here = pane()
    if (!here?.dataset.id) return
    document.title = here.dataset.title
    $("columns")?.classList.add("desk__columns--open")
    for (const line of document.querySelectorAll(".line[aria-current]")) line.removeAttribute("aria-current")
    $(`q-${here.dataset.id}`)?.setAttribute("aria-current", "true")
    toEnd($("timeline"))
    setMode()
    setWarning()
    if (byHand && (document.activeElement === document.body || !document.activeElement)) $("talk-title").focus({ preventScroll: true })
    fetch(`${url()}/read`, { method: "POST", ...piece, redirect: "manual" }).then(refreshQueue, lookAgain)
  }

  // One look at everything shown: new entries, changed deliveries, what was moved away.
  const refreshTimeline = async () => {
    const box = $("timeline"), c = url()
    if (!box || !c) return
    const first = box.querySelector("article[data-place]")
    const html = await text(`${c}/entries?after=${first ? first.dataset.place - 1 : 0}`)
    if (html === null || url() !== c) return
    tellLine(true)
    const stay = !atEnd(box), fresh = built(html)
    const news = merge(box, fresh)
    if (!stay) toEnd(box)
    if (!stay && document.visibilityState === "visible") seeAll(box)
    if (news.some((one) => one.dataset.side === "in")) tellNews(stay)
    if (news.length) refreshAround(c)
    const held = $("held")
    if (held?.children.length) htmx.ajax("GET", `${c}/held`, { source: held, target: held, swap: "outerHTML" }).catch(lookAgain)
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
    const open = old.querySelector("details[open]"), focused = old.contains(document.activeElement)
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
    const html = await text(c)
    if (html === null || url() !== c) return
    const fresh = built(html)
    for (const part of ["#who", ".talk__head"]) {
      const old = document.querySelector(part), next = fresh.querySelector(part)
      if (!old || !next || old.contains(document.activeElement)) continue
      old.replaceWith(next)
      htmx.process(next)
    }
  }

  const refreshQueue = () => {
    clearTimeout(queueTimer)
    queueTimer = setTimeout(() => {
      const queue = $("queue")
      if (!queue || "found" in queue.dataset || "after" in queue.dataset) return
      const open = pane()?.dataset.id ?? ""
      htmx.ajax("GET", `${home()}queue?view=${queue.dataset.view}&open_=${open}`, { source: "#queue", target: "#queue", swap: "outerMorph" }).catch(lookAgain)
    }, QUEUE_AFTER)
  }

  // ---- live: an event says which conversation; after a lost line everything is asked again
  const listen = () => {
    const source = new EventSource(`${home()}live`)
    source.addEventListener("open", () => tellLine(true))
    source.addEventListener("error", () => tellLine(false))
    source.addEventListener("entry", (event) => {
      const said = JSON.parse(event.data)
      refreshQueue()
      if (!said.conversation || said.conversation === pane()?.dataset.id) refreshTimeline()
    })
    addEventListener("pagehide", () => source.close())
  }
  const tellLine = (fine) => {
    const mark = $("live")
    if (!mark) return
    mark.hidden = fine
    mark.textContent = fine ? "" : mark.dataset.off
  }

  // ---- the composer
  const composer = () => $("composer")
  const tellTrouble = (source) => {
    const told = $("trouble")
    if (!told || source.closest?.("#queue, #held") || source.id === "queue") return
    told.textContent = told.dataset.text
    told.hidden = false
    setTimeout(() => { told.hidden = true }, TROUBLE_FOR)
  }
  const isNote = () => $("mode-note")?.checked
  const setMode = () => {
    for (const one of document.querySelectorAll("[data-mode]")) one.hidden = (one.dataset.mode === "note") !== Boolean(isNote())
    composer()?.classList.toggle("composer--note", Boolean(isNote()))
  }
  const setWarning = () => {
    const chosen = $("way")?.selectedOptions[0], told = $("way-warning")
    if (told) told.textContent = (!isNote() && chosen?.dataset.warning) || ""
  }
  const typed = () => {
    const form = composer(), data = new FormData()
    for (const name of ["text", "way", "note"]) {
      const field = form.elements[name]
      if (field) data.set(name, field.value)
    }
    return data
  }
  const keepDraft = async () => {
    clearTimeout(draftTimer)
    draftTimer = 0
    const form = composer(), state = $("draft-state")
    if (!form) return
    try {
      const answer = await fetch(form.dataset.draft, { method: "POST", body: typed(), ...piece })
      state.textContent = answer.ok ? state.dataset.kept : state.dataset.failed
    } catch { state.textContent = state.dataset.failed }
  }
  const keepLater = () => {
    wroteAt = Date.now()
    clearTimeout(draftTimer)
    draftTimer = setTimeout(keepDraft, DRAFT_AFTER)
  }
  const sendFiles = async (field) => {
    const data = new FormData()
    for (const file of field.files) data.append("files", file)
    field.value = ""
    const html = await text(field.dataset.url, { method: "POST", body: data })
    if (html !== null) put($("draft-files"), html)
  }
  const sayHere = async () => {
    if (!url() || document.visibilityState !== "visible") return
    const html = await text(`${url()}/here?writes=${Date.now() - wroteAt < HERE_EVERY}`)
    if (html !== null) put($("here"), html)
  }
  const count = () => {
    for (const one of document.querySelectorAll("[data-until]")) {
      const left = Math.ceil((new Date(one.dataset.until) - Date.now()) / 1000)
      one.textContent = left > 0 ? `${left} s` : ""
    }
  }

  // ---- the keyboard
  const lines = () => [...document.querySelectorAll(".line")]
  const step = (by) => {
    const all = lines()
    const now = all.indexOf(document.activeElement.closest?.(".line") ?? document.querySelector(".line[aria-current]"))
    all[Math.max(0, Math.min(all.length - 1, now + by))]?.focus()
  }
  const press = (key) => document.querySelector(`#pane [data-key="${key}"]`)?.click()
  const write = (mode) => {
    const field = $(mode)
    if (!field || field.disabled) return
    field.checked = true
    setMode()
    setWarning()
    $("text").focus()
  }
  const KEYS = {
    j: () => step(1), k: () => step(-1),
    r: () => write("mode-reply"), n: () => write("mode-note"),
    a: () => press("a"), e: () => press("e"),
    "/": () => $("search")?.focus(), "?": () => $("help")?.showModal(),
  }
  const typing = (target) => target.closest?.("input:not([type=radio], [type=checkbox]), textarea, select, dialog[open]")
  const keysOn = () => localStorage.getItem("desk-keys") !== "off"

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.id === "text") {
      composer().requestSubmit()
    } else if (event.key === "Escape") {
      for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false
      if (typing(event.target) && !event.target.closest("dialog")) event.target.blur()
    } else if (KEYS[event.key] && keysOn() && !typing(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault()
      KEYS[event.key]()
    }
  })

  // ---- what happens on the page
  document.addEventListener("toggle", (event) => {
    const inside = event.target.open && event.target.matches(".entry__more") && event.target.querySelector(":scope > div:empty")
    if (!inside) return
    const entry = event.target.closest("article").id.slice("e-".length)
    htmx.ajax("GET", `${home()}e/${entry}`, { source: inside, target: inside, swap: "innerHTML" })
      .then(() => inside.scrollIntoView({ block: "nearest", behavior: "instant" }))
  }, true)
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false
    if (event.target.closest("#help-open")) $("help").showModal()
  })
  document.addEventListener("input", (event) => {
    if (event.target.closest("#composer") && event.target.type !== "file") keepLater()
  })
  document.addEventListener("change", (event) => {
    if (event.target.id === "files") sendFiles(event.target)
    if (event.target.id === "way" || event.target.name === "note") { setMode(); setWarning() }
    if (event.target.id === "keys-on") localStorage.setItem("desk-keys", event.target.checked ? "on" : "off")
  })
  document.addEventListener("htmx:before:request", (event) => {
    if (event.target.id === "composer") { clearTimeout(draftTimer); draftTimer = 0 }
    else if (draftTimer && event.target.closest?.(".line, #pane")) keepDraft()
  })
  document.addEventListener("desk:changed", refreshQueue)
  // A log-in that has ended leads to the log-in and back; what was typed is a draft by then.
  document.addEventListener("htmx:response:error", async (event) => {
    if (event.detail.ctx.response.status === 401) {
      if (composer()) await keepDraft()
      location.reload()
    } else tellTrouble(event.target)
  })
  document.addEventListener("htmx:error", (event) => tellTrouble(event.target))
  let shown = null
  new MutationObserver(() => {
    if (pane() !== shown) { shown = pane(); opened(true) }
  }).observe(document.documentElement, { childList: true, subtree: true })
  addEventListener("pagehide", () => {
    if (draftTimer && composer()) navigator.sendBeacon(composer().dataset.draft, typed())
  })

  shown = pane()
  opened(false)
  if ($("keys-on")) $("keys-on").checked = keysOn()
  if ($("queue")) listen()
  setInterval(count, 500)
  setInterval(sayHere, HERE_EVERY)
})()
