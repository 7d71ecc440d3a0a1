/* The stock admin's html element cannot be given data-theme by a template, so the cookie is read here, before the first paint. */
document.documentElement.dataset.theme = /(?:^|;\s*)theme=(light|dark)/.exec(document.cookie)?.[1] ?? "auto";
