// Elements and texts. A text of a table only ever becomes a text node: what looks like HTML in it stays letters.

/** An element with properties and children, of which texts become visible ones; `class`, `on` (listeners) and names with
 * a dash are set as such. */
export function el(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") Object.entries(value).forEach(([type, listener]) => made.addEventListener(type, listener));
    else if (name === "class" || name.includes("-") || name === "role" || name === "for") made.setAttribute(name, value);
    else made[name] = value;
  }
  const shown = children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
  made.append(...shown.flatMap((child) => (typeof child === "string" ? visible(child) : [child])));
  return made;
}

/** A shape of SVG. */
export function shape(tag, given, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(given)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// Control characters but for tab and line feed, and characters that turn the direction of a line or are not seen at all:
// they are shown by their number and do nothing. U+E0000 to U+E007F are tags, which can hide a text from people.
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;
const named = (character) => `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
const CODES = { "\r": "CR", "\u0000": "NUL", "\u001b": "ESC" };

/** A text for a place that takes no elements, such as a title. */
export const bare = (text) => text.replace(HIDDEN, named);

/** Text nodes of a text, and a mark for each hidden character. */
export function visible(text) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(HIDDEN)) {
    const code = named(match[0]);
    nodes.push(text.slice(from, match.index), el("span", { class: "hidden-character", title: code }, CODES[match[0]] ?? code));
    from = match.index + match[0].length;
  }
  nodes.push(text.slice(from));
  return nodes;
}

const WHOLE = 20000; // characters that are shown at once

/** A whole text of a table; a very long one begins cut short. */
export function textBlock(text, given = {}) {
  const block = el("div", { ...given, class: `text ${given.class ?? ""}`, dir: "auto" }, text.slice(0, WHOLE));
  if (text.length <= WHOLE) return block;
  const more = el("button", { type: "button", class: "more" }, `Show all ${count(text.length)} characters`);
  more.addEventListener("click", () => {
    block.replaceChildren(...visible(text));
    more.remove();
  });
  return el("div", {}, block, more);
}

/** The beginning of a text in a list; `length` is that of the whole. */
export function clipped([text, length], given = {}) {
  const more = length > [...text].length ? el("span", { class: "dim" }, ` … ${count(length)} characters`) : null;
  return el("span", { ...given, class: `clip ${given.class ?? ""}`, dir: "auto" }, text, more);
}

export const count = (number) => Number(number).toLocaleString("en");
export const percent = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(1)}\u00a0%` : "0\u00a0%");

/** A number in few digits. */
export function short(value) {
  if (value === null || value === undefined) return "none";
  return typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value);
}

/** A select of these [value, words]. */
export function choice(options, chosen, given = {}) {
  const made = el("select", given, options.map(([value, words]) => el("option", { value }, words)));
  made.value = chosen;
  return made;
}

/** A control under its name, by which the focus returns to it when the page is drawn anew. */
export function labelled(words, control) {
  control.id ||= `field-${words.toLowerCase().replace(/\W+/g, "-")}`;
  return el("div", { class: "field" }, el("label", { for: control.id }, words), control);
}

/** The address of a page with these settings; empty ones are left out. */
export function address(page, given) {
  const kept = Object.entries(given).filter(([, value]) => value !== "" && value !== undefined && value !== null);
  return `#/${page}?${new URLSearchParams(kept)}`;
}
