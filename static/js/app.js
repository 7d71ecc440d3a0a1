/* The page's own behaviour; everything here only adds to pages that work without it.
   docs/frontend.md lists the attributes. */
(() => {
  "use strict";

  const root = document.documentElement;
  const all = (selector, scope = document) => [...scope.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const isShown = (element) => element.checkVisibility({ visibilityProperty: true });
  const openModal = () => all("dialog:modal").at(-1);

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

  const STEPS = [[60, "second"], [60, "minute"], [24, "hour"], [7, "day"], [4.35, "week"], [12, "month"], [Infinity, "year"]];
  const relativeFormat = new Intl.RelativeTimeFormat(root.lang || undefined, { numeric: "auto" });

  function relativeText(milliseconds) {
    let amount = milliseconds / 1000;
    for (const [size, unit] of STEPS) {
      if (Math.abs(amount) < size) return relativeFormat.format(Math.round(amount), unit);
      amount /= size;
    }
    return "";
  }

  function refreshTimes(scope = document) {
    for (const time of all("time[data-relative]", scope)) {
      const moment = Date.parse(time.dateTime);
      if (Number.isNaN(moment)) continue;
      time.title ||= time.textContent.trim();
      time.textContent = relativeText(moment - Date.now());
    }
  }

  // --- focus: only where the server asked for it ---

  function settleContent() {
    for (const element of all("[data-announce]")) {
      announce(element.dataset.announce);
      element.removeAttribute("data-announce");
    }
    const target = document.querySelector("[data-focus]");
    if (target) {
      target.removeAttribute("data-focus");
      if (!target.matches("a[href], button, input, select, textarea, summary, [tabindex]")) target.tabIndex = -1;
      target.focus();
    }
    markCurrentRow();
    showGroups();
    refreshTimes();
  }

  /* The list stays while the task beside it changes: its current row is the one that the task names. */
  function markCurrentRow() {
    const current = document.querySelector("[data-current-row]")?.dataset.currentRow;
    if (!current) return;
    for (const row of all("[data-row][id]")) {
      const link = row.querySelector("a[href]");
      if (row.id === current) link?.setAttribute("aria-current", "true");
      else link?.removeAttribute("aria-current");
    }
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

  // --- keys: read from data-key on the visible control that does the work ---

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

  function activate(control) {
    if (control.matches(TEXT_ENTRY)) {
      control.focus();
      control.select?.();
    } else {
      control.click();
      byId(control.dataset.keyFocus)?.focus();
    }
  }

  const currentRow = (scope) => scope.querySelector("[data-row]:is([aria-current], :has([aria-current]))");

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

  function labelOf(control) {
    if (control.dataset.keyLabel) return control.dataset.keyLabel;
    if (control.ariaLabel) return control.ariaLabel;
    if (control.labels?.length) return labelOf(control.labels[0]);
    const copy = control.cloneNode(true);
    all("kbd, .count, .sr, small", copy).forEach((part) => part.remove());
    return copy.textContent.trim() || control.title;
  }

  const makeElement = (name, ...content) => {
    const element = document.createElement(name);
    element.append(...content);
    return element;
  };
  const keysOf = (key) => key.split(" ").map((part) => makeElement("kbd", part.replace("mod+", "Ctrl ")));

  /* The page's keys by what they are for, each control once with all its keys. */
  function fillKeyList(list) {
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
    for (const control of all("[data-key]")) {
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

  // --- selecting lines: a click with Shift takes all between; the bar says how many ---

  let lastPicked = null;

  function onPick(event) {
    const box = event.target.closest("input[data-range]");
    if (!box) return;
    const boxes = all("input[data-range]");
    const [from, to] = [boxes.indexOf(lastPicked), boxes.indexOf(box)].sort((one, other) => one - other);
    if (event.shiftKey && from >= 0) boxes.slice(from, to + 1).forEach((other) => { other.checked = box.checked; });
    lastPicked = box;
    const picked = boxes.filter((other) => other.checked).length;
    all("[data-selected]").forEach((words) => { words.textContent = `${picked} ${words.dataset.selected}`; });
  }

  // --- what is sure to be taken is shown at once, and taken back if it was not ---

  function setPending(event) {
    const row = byId(event.target.closest?.("[data-pending]")?.dataset.pending);
    row?.classList.toggle("pending", event.type === "htmx:before:request");
  }

  // --- the palette: places from the server, and the page's own controls with a key ---

  let optionsNamed = 0;
  const paletteOptions = () => all("#palette [role=option]").filter(isShown);

  function choosePaletteOption(option) {
    all("#palette [aria-selected=true]").forEach((other) => { other.ariaSelected = "false"; });
    const field = document.querySelector("[data-palette]");
    field.removeAttribute("aria-activedescendant");
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
    else return;
    event.preventDefault();
  }

  // --- clicks that need no server ---

  function onClick(event) {
    onPick(event);
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
    const { ctx } = event.detail;
    if (ctx.response?.status >= 500) event.preventDefault(); // also keeps out-of-band parts and the title of an error page out
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

  document.addEventListener("keydown", onPaletteKey);
  document.addEventListener("focusin", onPaletteFocus);
  document.addEventListener("input", (event) => { if (event.target.matches("[data-palette]")) filterPaletteActions(); });
  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    if (ctx.target?.id === "palette-hits") choosePaletteOption(paletteOptions()[0]);
  });
  document.addEventListener("keydown", onEscapeInMenu);
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", onClick);
  document.addEventListener("input", onMirror);
  document.addEventListener("change", showGroups);
  document.addEventListener("submit", confirmSubmit, true);
  document.addEventListener("submit", onThemeSubmit);
  document.addEventListener("htmx:confirm", onHtmxConfirm);
  document.addEventListener("htmx:before:request", setPending);
  document.addEventListener("htmx:finally:request", setPending);
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
  settleContent();
  setTimeout(() => { root.dataset.ready = ""; }); // after htmx, which starts itself by an earlier timer
})();
