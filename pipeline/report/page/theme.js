"use strict";

// Switch between light, dark and the system's theme; stored if the browser allows a file to.
const button = document.getElementById("theme");
const themes = ["system", "light", "dark"];
function applyTheme(theme) {
  document.documentElement.dataset.theme = theme;
  button.textContent = `Theme: ${theme}`;
}
function storedTheme() {
  try { return localStorage.getItem("vividly-theme"); } catch { return null; }
}
applyTheme(themes.includes(storedTheme()) ? storedTheme() : "system");
button.hidden = false;
button.addEventListener("click", () => {
  const next = themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % themes.length];
  applyTheme(next);
  try { localStorage.setItem("vividly-theme", next); } catch { /* storage is blocked in private windows */ }
});
