// Making elements, and keeping a list of them in step with a list of values without losing the focus.
// Text is only ever set as text: nothing that the service says is read as markup.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

export const make = (name, attributes, ...children) =>
  fill(document.createElement(name), attributes, children);
export const draw = (name, attributes, ...children) =>
  fill(document.createElementNS(SVG, name), attributes, children);

/** A button that does `act` when pressed. `label` is what is heard where the visible word alone is not enough. */
export function button(word, act, { label, ...attributes } = {}) {
  const made = make("button", { type: "button", "aria-label": label, ...attributes }, word);
  made.addEventListener("click", () => act(made));
  return made;
}

/** A moment that a machine can read, too. */
export const time = (at, ...children) =>
  make("time", { datetime: at.toISOString(), title: at.toISOString() }, ...children);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Set a text only where it is another one, so that nothing is announced or repainted twice. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Make `parent`'s children those of `values`, in order. An element that is there for a key stays itself, and
 * is brought up to date; where the focused one goes, the focus goes to `heading`.
 */
export function inStep(parent, values, { key, create, update, heading }) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = values.map((value) => {
    const element = old.get(key(value)) ?? create(value);
    element.dataset.key = key(value);
    old.delete(key(value));
    update?.(element, value);
    return element;
  });
  const orphaned = [...old.values()].some((gone) => gone.contains(document.activeElement));
  for (const gone of old.values()) gone.remove();
  wanted.forEach((element, place) => {
    if (parent.children[place] !== element) parent.insertBefore(element, parent.children[place] ?? null);
  });
  if (orphaned) heading.focus();
}
