/* Keys, read from data-key on the visible control that does the work, and the list of them. */

import { all, byId, isShown, makeElement, openModal } from "./dom.js";
import { currentRow } from "./rows.js";

const TEXT_ENTRY = "textarea, select, [contenteditable]:not([contenteditable=false]), " +
  "input:not([type=checkbox], [type=radio], [type=button], [type=submit], [type=reset], [type=file])";
const ACTS_ON_SPACE = "a[href], button, summary, input";
let prefix = "";
let prefixTimer = 0;

function controlFor(key) {
  const scope = openModal() ?? document;
  const usable = all(`[data-key="${CSS.escape(key)}"]`, scope).filter(
    (element) => !element.matches(":disabled, [aria-disabled=true]") && (isShown(element) || element.closest("#nav")),
  );
  const row = document.activeElement?.closest("[data-row]") ?? currentRow(scope);
  return usable.find((element) => row?.contains(element)) ?? usable[0];
}

/* At the row of another task than the open one a key of the task is for that other: it is opened first. */
let held = []; // keys, until the row's task is there

function isForFocusedRow(control) {
  const open = control.closest("[data-current-row]")?.dataset.currentRow;
  const link = document.activeElement;
  if (!open || !link.matches("[data-row][id] > a[href]") || link.parentElement.id === open) return false;
  held.push(control.dataset.key);
  if (!link.ariaBusy) link.click();
  return true;
}

function settleLink({ type, target }) {
  if (!target.matches?.("[data-row][id] > a[href]")) return;
  target.ariaBusy = type === "htmx:before:request" ? "true" : null;
  if (target.ariaBusy) return;
  const keys = held.splice(0);
  if (target.ariaCurrent) keys.forEach(pressSingle); // else it could not be opened, and nothing is done to another
}

export function activate(control) {
  if (isForFocusedRow(control)) return;
  if (control.matches(TEXT_ENTRY)) {
    control.focus();
    control.select?.();
  } else {
    control.click();
    byId(control.dataset.keyFocus)?.focus();
  }
}

function moveRow(step) {
  const rows = all("[data-row]", openModal() ?? document).filter(isShown);
  if (!rows.length) return openRow(step);
  const active = document.activeElement?.closest("[data-row]");
  const from = rows.indexOf(active ?? currentRow(openModal() ?? document));
  const row = rows[Math.min(Math.max(from + step, 0), rows.length - 1)]; // with a step of 0: back to the current row
  (row.matches("a[href], button") ? row : row.querySelector("a[href], button"))?.focus();
  return true;
}

/* Where the list is out of sight, one task after the other: the next one is opened instead of focused. */
function openRow(step) {
  const links = all("[data-row] > a[href]:not(.done)");
  const next = links[links.findIndex((link) => link.ariaCurrent) + step];
  if (step) next?.click();
  return Boolean(step && next);
}

function nameOfKey(event) {
  const name = event.key === " " ? "space" : event.key.toLowerCase();
  return event.ctrlKey || event.metaKey ? `mod+${name}` : name;
}

function pressWithModifier(event, name) {
  if (name === "mod+enter") {
    const button = document.activeElement?.closest("form")?.querySelector("[data-submit]")
      ?? openModal()?.querySelector("[data-submit]");
    button?.form.requestSubmit(button);
    return Boolean(button);
  }
  const control = controlFor(name);
  if (control) activate(control);
  return Boolean(control);
}

function pressSingle(name) {
  const full = prefix ? `${prefix} ${name}` : name;
  prefix = "";
  clearTimeout(prefixTimer);
  const control = controlFor(full);
  if (control) {
    activate(control);
    return true;
  }
  if (full === "g") {
    prefix = "g";
    prefixTimer = setTimeout(() => { prefix = ""; }, 1500);
    return true;
  }
  return full === "j" ? moveRow(1) : full === "k" ? moveRow(-1) : full === "escape" ? moveRow(0) : false;
}

function onKey(event) {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  const name = nameOfKey(event);
  let done = false;
  if (name.startsWith("mod+")) {
    done = pressWithModifier(event, name);
  } else if (document.body.dataset.keys !== "off") {
    const element = document.activeElement;
    if (element?.matches(TEXT_ENTRY)) {
      if (name === "escape" && !openModal()) element.blur();
      return;
    }
    if (event.shiftKey && /^[a-z]$/.test(name)) return;
    if ((name === "space" || name === "enter") && element?.matches(ACTS_ON_SPACE)) return;
    if (name === "escape" && (openModal() || document.querySelector(":popover-open, details.menu[open]"))) return;
    done = pressSingle(name);
  }
  if (done) event.preventDefault();
}

export function labelOf(control) {
  if (control.dataset.keyLabel) return control.dataset.keyLabel;
  if (control.ariaLabel) return control.ariaLabel;
  if (control.labels?.length) return labelOf(control.labels[0]);
  const copy = control.cloneNode(true);
  all("kbd, .count, .sr, small", copy).forEach((part) => part.remove());
  return copy.textContent.trim() || control.title;
}

const keysOf = (key) => key.split(" ").map((part) => makeElement("kbd", part.replace("mod+", "Ctrl ")));

/* The page's keys by what they are for, each control once with all its keys. */
export function fillKeyList(list) {
  const { group: move, next, previous } = list.dataset;
  const groups = new Map([[move, new Map()]]);
  const seen = new Set();
  const add = (group, label, key) => {
    if (seen.has(group + key)) return;
    seen.add(group + key);
    if (!groups.has(group)) groups.set(group, new Map());
    const keys = groups.get(group);
    keys.set(label, [...(keys.get(label) ?? []), key]);
  };
  if (document.querySelector("[data-row]")) {
    add(move, next, "j");
    add(move, previous, "k");
  }
  for (const control of all("[data-key]").filter((one) => !one.closest("dialog"))) {
    const group = control.closest("[data-key-group]")?.dataset.keyGroup ?? move;
    add(group, labelOf(control), control.dataset.key);
  }
  list.replaceChildren(...[...groups].map(([group, keys]) => {
    const lines = makeElement("dl", ...[...keys].flatMap(([label, names]) => [
      makeElement("dt", label), makeElement("dd", ...names.flatMap((name, at) => [...(at ? [" / "] : []), ...keysOf(name)])),
    ]));
    lines.className = "keys";
    return makeElement("section", makeElement("h3", group), lines);
  }));
}

document.addEventListener("keydown", onKey);
document.addEventListener("htmx:before:request", settleLink);
document.addEventListener("htmx:finally:request", settleLink);
