/* Lines of a list: which one is open, which are ticked, which wait for the server's answer. */

import { all, byId } from "./dom.js";

export const currentRow = (scope) => scope.querySelector("[data-row]:is([aria-current], :has([aria-current]))");

let isListed = false;

/* The list stays while the task beside it changes: its current row is the one that the task names. Where that is
   further down than the list was loaded, more of it is fetched, so that J and K go on from there. */
function markCurrentRow() {
  const current = document.querySelector("[data-current-row]")?.dataset.currentRow;
  if (!current) return;
  const wasListed = isListed;
  isListed = Boolean(byId(current));
  if (wasListed && !isListed) document.querySelector("#more-rows a")?.click();
  for (const row of all("[data-row][id]")) {
    const link = row.querySelector("a[href]");
    if (row.id === current) link?.setAttribute("aria-current", "true");
    else link?.removeAttribute("aria-current");
  }
}

// --- selecting lines: a click with Shift takes all between; the bar says how many ---

let lastPicked = null;

/* "All of the lane" ticks what is shown of it, and one that is taken out again makes it no longer all. */
function onPick(event) {
  const whole = event.target.closest("input[data-range-all]");
  if (whole) {
    all("input[data-range]").forEach((box) => { box.checked = whole.checked; });
    return;
  }
  const box = event.target.closest("input[data-range]");
  if (!box) return;
  const boxes = all("input[data-range]");
  const [from, to] = [boxes.indexOf(lastPicked), boxes.indexOf(box)].sort((one, other) => one - other);
  if (event.shiftKey && from >= 0) boxes.slice(from, to + 1).forEach((other) => { other.checked = box.checked; });
  lastPicked = box;
  if (!box.checked) all("input[data-range-all]").forEach((other) => { other.checked = false; });
  const picked = boxes.filter((other) => other.checked).length;
  all("[data-selected]").forEach((words) => { words.textContent = `${picked} ${words.dataset.selected}`; });
}

// --- what is sure to be taken is shown at once, and taken back if it was not ---

const asking = new Map(); // forms whose answer is waited for, each with its line

function setPending(event) {
  const form = event.target.closest?.("[data-pending]");
  const row = byId(form?.dataset.pending);
  if (!row) return;
  const begins = event.type === "htmx:before:request";
  row.classList.toggle("pending", begins);
  if (begins) asking.set(form, row);
}

/* A refusal replaces its form, which then does not hear of the end of its request. */
function settlePending() {
  for (const [form, row] of asking) {
    if (form.isConnected) continue;
    row.classList.remove("pending");
    asking.delete(form);
  }
}

export function settleRows() {
  settlePending();
  markCurrentRow();
}

document.addEventListener("click", onPick);
document.addEventListener("htmx:before:request", setPending);
document.addEventListener("htmx:finally:request", setPending);
