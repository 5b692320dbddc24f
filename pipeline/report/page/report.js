"use strict";

// A lesson or a payload is stamped out when it is first opened: a thousand of them cost nothing.
function stamp(details) {
  const template = details.querySelector(":scope > template");
  if (!template) return;
  template.replaceWith(template.content.cloneNode(true));
  for (const { track } of details.querySelectorAll("track[kind=captions]")) track.mode = "showing";
  for (const chapters of details.querySelectorAll("track[kind=chapters]")) list(chapters);
}

// A button for each chapter, which plays from there.
function list(chapters) {
  const video = chapters.parentElement;
  const buttons = video.parentElement.querySelector(".chapters");
  chapters.addEventListener("load", () => {
    for (const cue of chapters.track.cues) {
      const { startTime } = cue;
      const button = document.createElement("button");
      button.type = "button";
      const at = Math.floor(startTime);
      button.append(`${Math.floor(at / 60)}:${String(at % 60).padStart(2, "0")} `,
        cue.getCueAsHTML().textContent);
      button.addEventListener("click", () => { video.currentTime = startTime; video.play(); });
      const item = document.createElement("li");
      item.append(button);
      buttons.append(item);
    }
    buttons.hidden = false;
  });
  chapters.track.mode = "hidden"; // loads it
}

for (const details of document.querySelectorAll("details[open]")) stamp(details);
document.addEventListener("toggle", (event) => {
  const details = event.target;
  if (details.open) stamp(details);
  else for (const media of details.querySelectorAll("video, audio")) media.pause();
}, true);

// One recording at a time.
document.addEventListener("play", (event) => {
  for (const media of document.querySelectorAll("video, audio"))
    if (media !== event.target) media.pause();
}, true);

// A filtered list: `keep` decides for each item, the form's values at hand. What does not fit leaves
// the document: hiding a thousand rows takes browsers seconds, taking them out takes none.
function filtered(name, noun, keep) {
  const form = document.getElementById(`${name}-filters`);
  if (!form) return;
  const list = document.getElementById(`${name}-list`);
  const count = document.getElementById(`${name}-count`);
  const nothing = document.getElementById(`${name}-nothing`);
  const items = [...list.children];
  const texts = new Map(items.map((item) =>
    [item, `${item.querySelector("summary").textContent} ${item.dataset.text}`.toLowerCase()]));

  function apply() {
    const wanted = Object.fromEntries(new FormData(form));
    const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
    const fitting = items.filter((item) =>
      words.every((word) => texts.get(item).includes(word)) && keep(item, wanted));
    const { order } = wanted;
    if (order) fitting.sort((a, b) => b.dataset[order] - a.dataset[order]);
    list.replaceChildren(...fitting);
    nothing.hidden = fitting.length > 0;
    count.textContent = (fitting.length === items.length ? "" : `${number(fitting.length)} of `)
      + `${number(items.length)} ${noun}${items.length === 1 ? "" : "s"}`;
  }

  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
}

function number(value) {
  return value.toLocaleString("en");
}

filtered("request", "request", (item, wanted) =>
  (!wanted.status || item.dataset.status === wanted.status)
  && (!wanted.modality || item.dataset.modality === wanted.modality));
filtered("letter", "dead letter", (item, wanted) =>
  !wanted.reason || item.dataset.reason === wanted.reason);

// #request-… and #letter-… open what they name.
function follow() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}
addEventListener("hashchange", follow);
follow();

// Light, dark, or as the system has it; remembered where the browser lets a file remember.
const button = document.getElementById("theme");
const themes = ["system", "light", "dark"];
function wear(theme) {
  document.documentElement.dataset.theme = theme;
  button.textContent = `Theme: ${theme}`;
}
function remembered() {
  try { return localStorage.getItem("vividly-theme"); } catch { return null; }
}
wear(themes.includes(remembered()) ? remembered() : "system");
button.hidden = false;
button.addEventListener("click", () => {
  const next = themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % themes.length];
  wear(next);
  try { localStorage.setItem("vividly-theme", next); } catch { /* a private window */ }
});
