// The overflow ladder: how a ticket's demand is widened while it waits, a step a line.

import { h } from "../dom.js";
import { t } from "../texts.js";
import { readNames, writtenNames } from "./names.js";

const STEPS_MAX = 20;
/** What a line has a field for; whatever else a step says is kept as it is. */
const FIELDS = ["after", "add_roles", "raise_priority", "drop_skills"];

export function overflowControl(value) {
  const steps = (value ?? []).map(step);
  const list = h("ol", { class: "ladder" }, steps.map((it) => it.element));
  const add = h("button", { type: "button", class: "small", onclick: () => {
    if (list.children.length >= STEPS_MAX) return;
    const next = step({});
    steps.push(next);
    list.append(next.element);
    next.element.querySelector("input").focus();
  } }, t("overflow.add"));
  const element = h("div", { role: "group" }, list, add);
  return { element, isGroup: true, read: () => {
    const said = steps.filter((it) => it.element.isConnected || list.contains(it.element)).map((it) => it.read());
    return said.length ? said : undefined;
  } };
}

function step(value) {
  const rest = Object.fromEntries(Object.entries(value).filter(([name]) => !FIELDS.includes(name)));
  const input = (name, attributes) => h("input", { "aria-label": t(`overflow.${name}`), title: t(`overflow.${name}`), spellcheck: "false", ...attributes });
  const after = input("after", { class: "short", placeholder: "2m", value: value.after ?? "" });
  const roles = input("add_roles", { placeholder: t("overflow.add_roles"), value: writtenNames(value.add_roles ?? []) });
  const raise = input("raise_priority", { type: "number", class: "short", min: 0, max: 9, placeholder: "+0", value: value.raise_priority ?? "" });
  const drop = h("input", { type: "checkbox" });
  drop.checked = value.drop_skills === true;
  const kept = Object.keys(rest).length ? h("code", { class: "soft" }, JSON.stringify(rest)) : null;
  const element = h("li", {}, after, roles, raise, h("label", {}, drop, ` ${t("overflow.drop_skills")}`), kept,
    h("button", { type: "button", class: "small", "aria-label": t("overflow.remove"), onclick: () => {
      const list = element.parentElement;
      element.remove();
      list.dispatchEvent(new Event("input", { bubbles: true }));
    } }, "✕"));
  return { element, read: () => {
    const names = readNames(roles.value);
    return { ...rest, ...(after.value.trim() && { after: after.value.trim() }), ...(names.length && { add_roles: names }), ...(Number(raise.value) && { raise_priority: Number(raise.value) }), ...(drop.checked && { drop_skills: true }) };
  } };
}
