// What the page says earlier with a script than without: whether a username is free, how a picture looks, and that
// something is not saved yet. Every save is a plain form all the same.

const PAUSE = 400; // milliseconds without a key before the service is asked

function checkUsername(input) {
  const shown = input.closest(".field").querySelector("[data-checked]");
  const own = input.value;
  let timer, asked = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    shown.textContent = "";
    if (input.value && input.value !== own) timer = setTimeout(ask, PAUSE);
  });
  async function ask() {
    const mine = ++asked;
    try {
      const answer = await fetch(`${input.dataset.check}?username=${encodeURIComponent(input.value)}`);
      if (!answer.ok || mine !== asked) return;
      const told = await answer.json();
      shown.className = told.available ? "live good" : "live bad";
      shown.textContent = told.available ? "✓" : told.problem;
    } catch { /* saving will tell */ }
  }
}

function previewAvatar(input, image) {
  const stored = image.src;
  input.addEventListener("change", () => {
    let url;
    try { url = new URL(input.value); } catch { url = null; }
    image.src = url && ["https:", "http:"].includes(url.protocol) && !url.username && !url.password ? url.href : stored;
  });
  image.addEventListener("error", () => { if (image.src !== stored) image.src = stored; });
}

function guard(form) {
  const changed = (was) => form.elements[was.name.slice("was.".length)].value.trim() !== was.value.trim();
  let sending = false;
  form.addEventListener("submit", () => { sending = true; });
  addEventListener("beforeunload", (event) => {
    if (!sending && [...form.querySelectorAll("[name^='was.']")].some(changed)) event.preventDefault();
  });
}

const username = document.querySelector("[data-check]:not([readonly])");
if (username) checkUsername(username);
const avatar = document.querySelector("[data-preview]:not([readonly])"), image = document.querySelector("[data-avatar]");
if (avatar && image) previewAvatar(avatar, image);
document.querySelectorAll("[data-guard]").forEach(guard);
document.querySelectorAll("[data-sure]").forEach((form) => form.addEventListener("submit", (event) => {
  if (!confirm(form.dataset.sure)) event.preventDefault();
}));
document.querySelector("[data-focus]")?.focus();
