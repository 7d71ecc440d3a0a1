/* The page's own behaviour; everything here only adds to pages that work without it.
   docs/frontend.md lists the attributes. */

import { all, byId, openModal } from "./dom.js";
import { fillKeyList } from "./keys.js";
import { settleRows } from "./rows.js";

const root = document.documentElement;

// --- telling: the polite region, toasts, the "out of date" notice ---

function announce(text) {
  const region = byId("announce");
  if (!region || !text) return;
  region.textContent = "";
  setTimeout(() => { region.textContent = text; }, 60); // an emptied region makes a repeated text heard again
}

function showToast(title, text) {
  const template = byId("toast-template");
  if (!template) return;
  const toast = template.content.firstElementChild.cloneNode(true);
  toast.querySelector("[data-toast-title]").textContent = title;
  toast.querySelector("[data-toast-text]").textContent = text;
  byId("toasts").replaceChildren(toast); // one at a time: a pile would cover the page
}

function toastFor(kind, serverText) {
  const words = byId("toast-template")?.dataset ?? {};
  showToast(words[`${kind}Title`] ?? words.serverTitle, serverText || (words[`${kind}Text`] ?? words.serverText));
}

const setStale = (stale) => { const notice = byId("stale"); if (notice) notice.hidden = !stale; };

// --- times: the server's text stays as the title, so the exact time is never lost ---

const STEPS = [[60, "second"], [60, "minute"], [24, "hour"]];
const WEEK = 7;
const relativeFormat = new Intl.RelativeTimeFormat(root.lang || undefined, { numeric: "auto" });
const dayFormat = new Intl.DateTimeFormat("en-CA", { timeZone: root.dataset.zone || undefined }); // 2026-11-27
const dayNumber = (moment) => Math.round(Date.parse(dayFormat.format(moment)) / 86_400_000);

// Within 24 hours exact, then days of the reader's calendar, from a week on the day itself: as dates beside it say.
function relativeText(moment, now, day, dayOnly) {
  let amount = (moment - now) / 1000;
  for (const [size, unit] of dayOnly ? [] : STEPS) {
    if (Math.abs(amount) < size) return relativeFormat.format(Math.trunc(amount), unit);
    amount /= size;
  }
  const days = dayNumber(moment) - dayNumber(now);
  return Math.abs(days) < WEEK ? relativeFormat.format(days, "day") : day;
}

function refreshTimes(scope = document) {
  for (const time of all("time[data-relative]", scope)) {
    const moment = Date.parse(time.dateTime);
    if (Number.isNaN(moment)) continue;
    time.title ||= time.textContent.trim();
    time.textContent = relativeText(moment, Date.now(), time.title.split(",")[0], time.dataset.relative === "day");
  }
}

// --- focus: only where the server asked for it ---

function settleContent() {
  for (const element of all("[data-announce]")) {
    announce(element.dataset.announce);
    element.removeAttribute("data-announce");
  }
  settleRows();
  showGroups();
  refreshTimes();
  const target = document.querySelector("[data-focus]");
  if (!target) return;
  target.removeAttribute("data-focus");
  if (!target.matches("a[href], button, input, select, textarea, summary, [tabindex]")) target.tabIndex = -1;
  target.focus(); // last: it makes the browser lay the page out
}

// --- dialogs ---

function ask(text, okLabel) {
  const dialog = byId("confirm-dialog");
  if (!dialog) return Promise.resolve(window.confirm(text));
  dialog.querySelector("[data-confirm-text]").textContent = text;
  const ok = dialog.querySelector("[value=ok]");
  ok.dataset.label ??= ok.textContent;
  ok.textContent = okLabel || ok.dataset.label;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "ok"), { once: true });
  });
}

const confirmed = new WeakSet();

async function confirmSubmit(event) {
  const form = event.target;
  const source = event.submitter?.dataset.confirm ? event.submitter : form;
  if (!source.dataset.confirm || confirmed.delete(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (await ask(source.dataset.confirm, source.dataset.confirmOk)) {
    confirmed.add(form);
    form.requestSubmit(event.submitter);
  }
}

function openDialog(event, opener) {
  const dialog = byId(opener.dataset.dialog);
  if (!dialog) return;
  event.preventDefault();
  const list = dialog.querySelector("[data-key-list]");
  if (list) fillKeyList(list);
  dialog.showModal();
}

/* Of the groups of a list that each go with another choice, only those of the one that is ticked. */
function showGroups() {
  for (const group of all("optgroup[data-when]")) {
    const ticked = [...group.closest("form").elements].some((input) => input.checked && input.value === group.dataset.when);
    group.hidden = group.disabled = !ticked;
    if (!ticked && all("option:checked", group).length) group.parentElement.value = "";
  }
}

// --- clicks that need no server ---

function onClick(event) {
  const opener = event.target.closest("[data-dialog]");
  if (opener && !event.ctrlKey && !event.metaKey && !event.shiftKey) openDialog(event, opener);
  event.target.closest("[data-dismiss]")?.closest("[data-dismissable]")?.remove();
  if (event.target.matches("dialog[data-light]")) event.target.close(); // a click on the backdrop hits the dialog itself
  for (const menu of all("details.menu[open]")) {
    if (!menu.contains(event.target) || event.target.closest("[data-dialog]")) menu.open = false;
  }
}

function onEscapeInMenu(event) {
  const menu = event.key === "Escape" && event.target.closest?.("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
  event.preventDefault();
}

// Two controls for one value, such as a slider beside its number: `data-mirror` names the one that is sent.
function onMirror({ target }) {
  const other = target.dataset?.mirror
    ? byId(target.dataset.mirror)
    : target.id && document.querySelector(`[data-mirror="${CSS.escape(target.id)}"]`);
  if (other) other.value = target.value;
  const picked = byId(target.dataset?.picks);
  if (picked && target.value) picked.checked = true;
}

async function onThemeSubmit(event) {
  const form = event.target.closest("form[data-theme-form]");
  if (!form || !event.submitter) return;
  event.preventDefault();
  const theme = event.submitter.value;
  const body = new FormData(form, event.submitter);
  try {
    const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" });
    if (answer.status >= 400) throw new Error(String(answer.status));
    root.dataset.theme = theme;
    all("button[name]", form).forEach((button) => { button.ariaPressed = String(button.value === theme); });
  } catch {
    toastFor("server");
  }
}

// --- htmx: what failed, what to focus, when not to poll ---

const isPoll = (ctx) => ctx.sourceEvent?.type === "every";

let failed = ""; // where the request went that the toast is about

function onFinished({ detail: { ctx } }) {
  const status = ctx.response?.status;
  const lost = status === undefined && /^error/.test(ctx.status) && !/AbortError/.test(ctx.status);
  if (isPoll(ctx)) {
    setStale(lost || status >= 400);
    return;
  }
  if (status >= 500) {
    toastFor("server");
  } else if (status >= 400 && ctx.swap === "none") {
    const page = new DOMParser().parseFromString(ctx.text ?? "", "text/html");
    toastFor("refused", page.querySelector("[data-error]")?.textContent.trim());
  } else if (lost) {
    toastFor(ctx.request.signal.reason === "timeout" ? "timeout" : "offline");
  } else {
    const isRetry = status && ctx.request.action === failed;
    if (isRetry) all("#toasts [data-error-toast]").forEach((toast) => toast.remove());
    return;
  }
  failed = ctx.request.action;
}

function onBeforeSwap(event) {
  const { ctx, tasks } = event.detail;
  if (ctx.response?.status >= 500) event.preventDefault(); // also keeps out-of-band parts and the title of an error page out
  // where the answer says what to focus, htmx need not look for what was: the page would be laid out once more
  else if (tasks.some(({ fragment }) => fragment.querySelector("[data-focus]"))) document.activeElement?.blur();
}

function onResponse(event) {
  const login = document.body.dataset.loginUrl;
  if (event.detail.ctx.response.status !== 401 || !login) return;
  event.preventDefault();
  location.assign(`${login}?next=${encodeURIComponent(location.pathname + location.search)}`);
}

function onAfterSwap({ detail: { ctx } }) {
  const ok = ctx.response?.status < 400;
  const home = ctx.sourceElement?.closest?.("dialog[open]");
  const target = ctx.target instanceof Element ? ctx.target : null;
  const arrived = target?.closest("dialog:not([open])");
  if (ok && home && target && !home.contains(target)) home.close();
  if (ok && arrived && ctx.swap !== "none") arrived.showModal();
  settleContent();
}

function onHtmxConfirm(event) {
  const { ctx, issueRequest, dropRequest } = event.detail;
  event.preventDefault();
  ask(ctx.confirm, ctx.sourceElement.dataset.confirmOk).then((yes) => (yes ? issueRequest() : dropRequest()));
}

document.addEventListener("keydown", onEscapeInMenu);
document.addEventListener("click", onClick);
document.addEventListener("input", onMirror);
document.addEventListener("change", showGroups);
document.addEventListener("submit", confirmSubmit, true);
document.addEventListener("submit", onThemeSubmit);
document.addEventListener("htmx:confirm", onHtmxConfirm);
document.addEventListener("htmx:before:response", onResponse);
document.addEventListener("htmx:before:swap", onBeforeSwap);
document.addEventListener("htmx:after:swap", onAfterSwap);
document.addEventListener("htmx:finally:request", onFinished);
document.addEventListener("every", (event) => { if (document.hidden) event.stopImmediatePropagation(); }, true);
document.addEventListener("visibilitychange", () => {
  if (document.hidden || !window.htmx) return;
  all("[hx-trigger*='every']").forEach((element) => window.htmx.trigger(element, "every", {}, false));
  refreshTimes();
});

setInterval(() => { if (!document.hidden) refreshTimes(); }, 30_000);
all("#messages [data-message]").forEach((message) => announce(message.textContent.trim()));
byId("nav")?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" }); // of a long navigation
settleContent();
setTimeout(() => { root.dataset.ready = ""; }); // after htmx, which starts itself by an earlier timer
