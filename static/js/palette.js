/* The palette: places from the server, and the page's own controls with a key. */

import { all, byId, isShown } from "./dom.js";
import { activate, labelOf } from "./keys.js";

let optionsNamed = 0;
const paletteOptions = () => all("#palette [role=option]").filter(isShown);

function choosePaletteOption(option) {
  all("#palette [aria-selected=true]").forEach((other) => { other.ariaSelected = "false"; });
  const field = document.querySelector("[data-palette]");
  field.removeAttribute("aria-activedescendant");
  byId("palette-none").hidden = Boolean(option);
  if (!option) return;
  option.id ||= `palette-${(optionsNamed += 1)}`;
  option.ariaSelected = "true";
  option.scrollIntoView({ block: "nearest" });
  field.setAttribute("aria-activedescendant", option.id);
}

function fillPaletteActions() {
  const list = byId("palette-actions");
  const seen = new Set();
  all("button", list).forEach((button) => button.remove());
  for (const control of all("main [data-key], #undo [data-key]")) {
    const { key } = control.dataset;
    if (seen.has(key) || !isShown(control) || control.matches(":disabled")) continue;
    seen.add(key);
    const button = document.createElement("button");
    const kbd = document.createElement("kbd");
    const label = document.createElement("span");
    Object.assign(button, { type: "button", tabIndex: -1, role: "option", ariaSelected: "false", className: "palette-item" });
    label.textContent = labelOf(control);
    kbd.textContent = key.replace("mod+", "Ctrl ");
    button.append(label, kbd);
    button.addEventListener("click", () => { byId("palette").close(); activate(control); });
    list.append(button);
  }
}

function filterPaletteActions() {
  const list = byId("palette-actions");
  const words = document.querySelector("[data-palette]").value.trim().toLowerCase();
  const shown = all("button", list).filter((button) => {
    button.hidden = !button.firstChild.textContent.toLowerCase().includes(words);
    return !button.hidden;
  });
  list.hidden = !shown.length;
  choosePaletteOption(paletteOptions()[0]);
}

function onPaletteFocus(event) {
  if (!event.target.matches?.("[data-palette]")) return;
  fillPaletteActions();
  event.target.select();
  filterPaletteActions();
}

function onPaletteKey(event) {
  if (!event.target.matches?.("[data-palette]") || event.isComposing) return;
  const options = paletteOptions();
  const at = options.findIndex((option) => option.ariaSelected === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) choosePaletteOption(options[(at + step + options.length) % options.length]);
  else if (event.key === "Enter" && options[at] && !event.ctrlKey && !event.metaKey) options[at].click();
  else if (event.key === "Escape") byId("palette").close(); // of itself a search field would only empty itself
  else return;
  event.preventDefault();
}

document.addEventListener("keydown", onPaletteKey);
document.addEventListener("focusin", onPaletteFocus);
document.addEventListener("input", (event) => { if (event.target.matches("[data-palette]")) filterPaletteActions(); });
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.target?.id === "palette-hits") choosePaletteOption(paletteOptions()[0]);
});
