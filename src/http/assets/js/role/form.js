// A role as a form. What the form has no field for is kept as it was.

import { h, labelled } from "../dom.js";
import { t } from "../texts.js";
import { control } from "./controls.js";
import { FOLDED, GROUPS } from "./members.js";

export function roleForm(role, isNew) {
  const controls = new Map();
  const name = h("input", { id: "role-name", required: true, maxlength: 128, spellcheck: "false", value: role.name ?? "", readonly: !isNew });
  const field = (member) => {
    const made = control(member, role[member[0]]);
    controls.set(member[0], made);
    made.note = h("span", { class: "field-problem", id: `problem-${member[0]}` });
    const label = t(`role-member.${member[0]}`);
    const box = made.isGroup ? group(label, made.element) : labelled(label, made.element, made.hint);
    box.append(made.note);
    return box;
  };
  const groups = GROUPS.map(([key, members]) => {
    const fields = members.map(field);
    const isFolded = FOLDED.has(key) && !members.some(([member]) => role[member] !== undefined);
    return h("details", { class: "group", open: !isFolded }, h("summary", {}, t(`role-group.${key}`)), h("div", { class: "grid-form" }, fields));
  });
  const element = h("div", { class: "role-form" }, h("div", { class: "grid-form" }, labelled(t("role-member.name"), name)), groups);
  const read = () => {
    const said = { ...role, name: name.value.trim() };
    for (const [member, { read: readOne }] of controls) {
      const value = readOne();
      if (value === undefined) delete said[member];
      else said[member] = value;
    }
    return said;
  };
  return { element, read, mark: (findings) => mark(controls, findings) };
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
    if (error) made.element.setAttribute("aria-invalid", "true");
    else made.element.removeAttribute("aria-invalid");
    const described = new Set((made.element.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
    if (about.length) described.add(made.note.id);
    else described.delete(made.note.id);
    if (described.size) made.element.setAttribute("aria-describedby", [...described].join(" "));
    else made.element.removeAttribute("aria-describedby");
  }
}
