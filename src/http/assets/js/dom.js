// Elements: made, filled, found. Text goes in as text and never as markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes (`class`, `data-…`, `aria-…`, `onclick` as a function) and children; what is null is left out. */
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for drawings. */
export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value == null || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

/** Changes an element's text where it is another: what stays the same is not drawn again, nor read aloud. */
export function text(element, value) {
  const wanted = value == null ? "" : String(value);
  if (element.textContent !== wanted) element.textContent = wanted;
}

/** A label with its control below it, and a hint that is read with it. */
export function labelled(label, control, hint) {
  // A field with suggestions is an input among others of its element.
  const target = control.matches("input, select, textarea") ? control : control.querySelector("input, select, textarea");
  const id = target.id || (target.id = `control-${++controls}`);
  target.removeAttribute("aria-label");
  const note = hint ? h("span", { class: "hint", id: `${id}-hint` }, hint) : null;
  if (note) target.setAttribute("aria-describedby", note.id);
  return h("p", { class: "field" }, h("label", { for: id }, label), control, note);
}
let controls = 0;

/** A choice of `[value, words]` pairs. */
export function choice(options, chosen, attributes) {
  const list = options.map(([value, words]) => h("option", { value, selected: value === chosen }, words));
  return h("select", attributes, list);
}

/** A table that scrolls by itself where it is too wide; the first cell of a row is its heading. */
export function table(caption, heads, rows, attributes) {
  return h("div", { class: "table-box", tabindex: "0", role: "region", "aria-label": caption, ...attributes },
    h("table", {},
      h("caption", { class: "sr-only" }, caption),
      h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, rows.map(tableRow))));
}

/** A row of such a table. */
export function tableRow(cells) {
  return h("tr", {}, cells.map((cell, place) => (place ? h("td", {}, cell) : h("th", { scope: "row" }, cell))));
}

/** Says something to a screen reader. */
export function announce(words) {
  text(document.getElementById("announcer"), words);
}
