// The letter box: files that are dropped or chosen, and letters that are typed. All texts are in the page.
const $ = (id) => document.getElementById(id)
const slit = $("slit"), form = $("write-letter")

async function post(path, body, type) {
  const answer = await fetch($("letterbox").dataset.to + path, { method: "POST", headers: { "Content-Type": type }, body })
  return answer.ok
}

const say = (well) => ($("posted").textContent = well ? form.dataset.sent : form.dataset.failed)

async function putIn(files) {
  $("posted").textContent = ""
  let well = files.length > 0
  for (const file of files) well = (await post("", file, "application/octet-stream").catch(() => false)) && well
  say(well)
}

if (form) {
  $("scan").addEventListener("change", async (event) => {
    await putIn([...event.target.files])
    event.target.value = ""
  })
  for (const kind of ["dragenter", "dragover"]) {
    slit.addEventListener(kind, (event) => {
      event.preventDefault()
      slit.classList.add("table__slit--open")
    })
  }
  for (const kind of ["dragleave", "drop"]) slit.addEventListener(kind, () => slit.classList.remove("table__slit--open"))
  slit.addEventListener("drop", (event) => {
    event.preventDefault()
    putIn([...event.dataTransfer.files])
  })
  form.addEventListener("submit", async (event) => {
    event.preventDefault()
    const well = await post("/typed", JSON.stringify({ text: $("letter").value }), "application/json").catch(() => false)
    say(well)
    if (well) $("letter").value = ""
  })
}
