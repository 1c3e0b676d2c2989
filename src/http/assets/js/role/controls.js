// A control for each kind of member: an element, what it says now, and what it said in the beginning.

import { choice, h } from "../dom.js";
import { t, tCode } from "../texts.js";
import { hasWords } from "./members.js";
import { overflowControl } from "./overflow.js";

const listed = (words, divider) => words.split(divider).map((it) => it.trim()).filter(Boolean);
const input = (attributes) => h("input", { spellcheck: "false", autocomplete: "off", ...attributes });

/** `read` gives the value, or undefined for what is left as by default. */
const CONTROLS = {
  text(value) {
    const element = h("textarea", { rows: 2, maxlength: 2000, value: value ?? "" });
    return { element, read: () => element.value.trim() || undefined };
  },
  lines(value) {
    const element = h("textarea", { rows: 3, value: (value ?? []).join("\n") });
    return { element, read: () => nonEmpty(listed(element.value, "\n")) };
  },
  names(value) {
    const element = input({ value: (value ?? []).join(", ") });
    return { element, hint: t("form.names-hint"), read: () => nonEmpty(listed(element.value, ",")) };
  },
  number(value, [min, max]) {
    const element = input({ type: "number", min, max, value: value ?? "" });
    return { element, read: () => (element.value === "" ? undefined : Number(element.value)) };
  },
  duration(value) {
    const element = input({ placeholder: "90s, 15m, 2h", value: value ?? "" });
    return { element, read: () => element.value.trim() || undefined };
  },
  choice(value, [options], member) {
    const words = options.map((it) => [it, hasWords(member) ? tCode("strategy", it) : tCode(`option.${member}`, it)]);
    const element = choice([["", t("form.default")], ...words], value ?? "");
    return { element, read: () => element.value || undefined };
  },
  /** `wait`, `callback`, `cancel`, or a role that takes over. */
  way(value) {
    const element = input({ placeholder: "wait, callback, cancel, role: NAME", value: typeof value === "object" ? `role: ${value.role}` : value ?? "" });
    return { element, read: () => {
      const words = element.value.trim();
      return words.startsWith("role:") ? { role: words.slice(5).trim() } : words || undefined;
    } };
  },
  target(value) {
    const within = input({ placeholder: "15m", value: value?.answer_within ?? "", "aria-label": t("form.answer-within") });
    const share = input({ type: "number", min: 0.1, max: 100, step: 0.1, value: value ? value.for_share * 100 : "", "aria-label": t("form.for-share") });
    const element = h("span", { class: "pair", role: "group" }, within, h("span", {}, t("form.for")), share, h("span", {}, "%"));
    return { element, isGroup: true, read: () => {
      if (!within.value.trim() && share.value === "") return undefined;
      return { ...value, answer_within: within.value.trim(), for_share: Number((Number(share.value) / 100).toFixed(3)) };
    } };
  },
  overflow: overflowControl,
};

const nonEmpty = (list) => (list.length ? list : undefined);

export const control = ([member, kind, ...bounds], value) => CONTROLS[kind](value, bounds, member);
