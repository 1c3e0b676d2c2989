// An entry of the catalogue as a form. What the form has no field for is kept as it was.

import { h, labelled } from "../dom.js";
import { t } from "../texts.js";
import { control } from "./controls.js";

/** `kind` says which members there are; a member `set.role` is one of the table `set`. */
export function entryForm(kind, entry, isNew) {
  const controls = new Map();
  const name = h("input", { id: "entry-name", required: true, maxlength: 128, spellcheck: "false", value: entry.name ?? "", readonly: !isNew });
  const field = (member) => {
    const made = control(member, at(entry, member[0]));
    controls.set(member[0], made);
    made.note = h("span", { class: "field-problem", id: `problem-${member[0].replace(".", "-")}` });
    const label = t(`${kind.name}-member.${member[0]}`);
    const box = made.isGroup ? group(label, made.element) : labelled(label, made.element, made.hint);
    if (made.isWide) box.classList.add("wide");
    box.append(made.note);
    return box;
  };
  const groups = kind.groups.map(([key, members]) => {
    const fields = members.map(field);
    const isFolded = kind.folded.has(key) && !members.some(([member]) => at(entry, member) !== undefined);
    return h("details", { class: "group", open: !isFolded }, h("summary", {}, t(`${kind.name}-group.${key}`)), h("div", { class: "grid-form" }, fields));
  });
  const element = h("div", { class: "entry-form" }, h("div", { class: "grid-form" }, labelled(t("editor.name"), name)), groups);
  const read = () => {
    const said = structuredClone({ ...entry, name: name.value.trim() });
    for (const [member, { read: readOne }] of controls) put(said, member, readOne());
    return said;
  };
  return { element, read, mark: (findings) => mark(controls, findings) };
}

const at = (entry, member) => member.split(".").reduce((table, name) => table?.[name], entry);

function put(entry, member, value) {
  const names = member.split(".");
  const last = names.pop();
  const table = names.reduce((outer, name) => (outer[name] ??= {}), entry);
  if (value === undefined) delete table[last];
  else table[last] = value;
}

function group(label, element) {
  element.setAttribute("aria-label", label);
  return h("div", { class: "field wide" }, h("span", { class: "label" }, label), element);
}

/** Puts what was found beside the member that it is about. */
function mark(controls, findings) {
  for (const [member, made] of controls) {
    const about = findings.filter(({ path }) => path === `$.${member}` || path?.startsWith(`$.${member}.`) || path?.startsWith(`$.${member}[`));
    const error = about.some(({ severity }) => severity === "error");
    made.note.textContent = about.map(({ message, expected }) => (expected ? `${message}; ${t("lint.expected", { what: expected })}` : message)).join(" ");
    made.note.dataset.severity = error ? "error" : "warning";
    const marked = made.marked ?? made.element;
    if (error) marked.setAttribute("aria-invalid", "true");
    else marked.removeAttribute("aria-invalid");
    const described = new Set((marked.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
    if (about.length) described.add(made.note.id);
    else described.delete(made.note.id);
    if (described.size) marked.setAttribute("aria-describedby", [...described].join(" "));
    else marked.removeAttribute("aria-describedby");
  }
}
