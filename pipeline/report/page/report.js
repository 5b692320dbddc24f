"use strict";

// Instantiate a lesson or payload when it is first opened: a thousand closed rows stay cheap.
function instantiate(details) {
  const template = details.querySelector(":scope > template");
  if (!template) return;
  template.replaceWith(template.content.cloneNode(true));
  prepareRecordings(details);
}

for (const details of document.querySelectorAll("details[open]")) instantiate(details);
document.addEventListener("toggle", (event) => {
  const details = event.target;
  if (details.open) instantiate(details);
  else for (const media of details.querySelectorAll("video, audio")) media.pause();
}, true);

// Filter a list by the values of its form; `keep` returns true for items to show. Other items are
// removed from the document: hiding a thousand rows takes browsers seconds, removing them does not.
function addFilter(name, noun, keep) {
  const form = document.getElementById(`${name}-filters`);
  if (!form) return;
  const list = document.getElementById(`${name}-list`);
  const count = document.getElementById(`${name}-count`);
  const emptyNote = document.getElementById(`${name}-nothing`);
  const items = [...list.children];
  const texts = new Map(items.map((item) =>
    [item, `${item.querySelector("summary").textContent} ${item.dataset.text}`.toLowerCase()]));

  function apply() {
    const wanted = Object.fromEntries(new FormData(form));
    const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
    const matching = items.filter((item) =>
      words.every((word) => texts.get(item).includes(word)) && keep(item, wanted));
    const { order } = wanted;
    if (order) matching.sort((a, b) => b.dataset[order] - a.dataset[order]);
    list.replaceChildren(...matching);
    emptyNote.hidden = matching.length > 0;
    count.textContent = (matching.length === items.length ? "" : `${number(matching.length)} of `)
      + `${number(items.length)} ${noun}${items.length === 1 ? "" : "s"}`;
  }

  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
}

function number(value) {
  return value.toLocaleString("en");
}

addFilter("request", "request", (item, wanted) =>
  (!wanted.status || item.dataset.status === wanted.status)
  && (!wanted.modality || item.dataset.modality === wanted.modality));
addFilter("letter", "dead letter", (item, wanted) =>
  !wanted.reason || item.dataset.reason === wanted.reason);

// Open the request or dead letter that the address names (#request-…, #letter-…).
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}
addEventListener("hashchange", openTarget);
openTarget();
