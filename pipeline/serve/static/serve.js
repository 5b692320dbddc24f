"use strict";

// htmx parses fragments of this server with DOMParser, which trusted types allow only through a
// policy. The content security policy still stops every script and handler that is not a file of
// this server.
window.trustedTypes?.createPolicy("default", { createHTML: (html) => html });

// A topic fills the question in; without JavaScript it is a link that does.
document.addEventListener("click", (event) => {
  const topic = event.target.closest("[data-question]");
  const question = document.getElementById("question");
  if (topic && question && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    question.value = topic.dataset.question;
    question.focus();
  }
  if (event.target.closest("[data-print]")) print();
});

document.addEventListener("DOMContentLoaded", () => prepareRecordings(document));
document.addEventListener("htmx:afterSwap", (event) => prepareRecordings(event.detail.elt));
document.addEventListener("htmx:oobAfterSwap", (event) => prepareRecordings(event.detail.target));

// Say when the server has gone; polls go on and find it again.
const sayConnected = (connected) => {
  document.getElementById("connection").hidden = connected;
};
document.addEventListener("htmx:sendError", () => sayConnected(false));
document.addEventListener("htmx:afterOnLoad", () => sayConnected(true));
