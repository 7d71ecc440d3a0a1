/* What the page's scripts look things up with. */

export const all = (selector, scope = document) => [...scope.querySelectorAll(selector)];
export const byId = (id) => document.getElementById(id);
export const isShown = (element) => element.checkVisibility({ visibilityProperty: true });
export const openModal = () => all("dialog:modal").at(-1);
export const makeElement = (name, ...content) => {
  const element = document.createElement(name);
  element.append(...content);
  return element;
};
