// Sends files in pieces; after a break it asks how far the hub is, and goes on from there.
const form = document.getElementById("hand-in");
const list = document.getElementById("scans");
const said = document.getElementById("said");
const LONGEST = 30_000; // milliseconds between tries

function line(file) {
  const item = document.createElement("li");
  item.className = "scans__one";
  const name = document.createElement("span");
  name.className = "scans__name";
  name.textContent = file.name;
  const bar = document.createElement("progress");
  bar.max = file.size;
  bar.value = 0;
  bar.setAttribute("aria-label", file.name);
  const state = document.createElement("span");
  item.append(name, bar, state);
  list.append(item);
  const tell = (text, aloud = false) => {
    state.textContent = text;
    if (aloud) said.textContent = `${file.name}: ${text}`;
  };
  return { bar, tell };
}

async function ask(method, url, body, type) {
  const answer = await fetch(url, { method, body, headers: { "Content-Type": type, Accept: "application/json" } });
  if (answer.ok) return answer.json();
  if (answer.status === 409) return null; // another offset is right
  const error = new Error(String(answer.status));
  error.final = answer.status < 500 && answer.status !== 429;
  throw error;
}

function begin(file, box) {
  const about = { box, name: file.name, size: file.size, changed: file.lastModified };
  return ask("POST", form.dataset.url, JSON.stringify(about), "application/json");
}

async function pieces(file, box, shown) {
  let here = await begin(file, box);
  while (here.offset < file.size) {
    shown.bar.value = here.offset;
    shown.tell(`${Math.floor((100 * here.offset) / file.size)} %`);
    const piece = file.slice(here.offset, here.offset + Number(form.dataset.piece));
    const url = `${form.dataset.url}/${encodeURIComponent(box)}/${here.id}?offset=${here.offset}`;
    here = (await ask("PATCH", url, piece, "application/octet-stream")) ?? (await begin(file, box));
  }
}

async function send(file, box) {
  const shown = line(file);
  if (!file.size || file.size > Number(form.dataset.limit)) return shown.tell(form.dataset.large, true);
  for (let pause = 1_000; ; pause = Math.min(2 * pause, LONGEST)) {
    try {
      await pieces(file, box, shown);
      shown.bar.value = file.size;
      return shown.tell(form.dataset.done, true);
    } catch (error) {
      if (error.final) return shown.tell(form.dataset.refused, true);
      shown.tell(form.dataset.broken, true);
      await new Promise((go) => setTimeout(go, pause));
    }
  }
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const files = [...form.elements.files.files];
  const box = form.elements.box.value;
  list.hidden = false;
  form.reset();
  for (const file of files) await send(file, box);
});
