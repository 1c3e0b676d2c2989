// A control for each kind of member: an element, what it says now, and what it said in the beginning.

import { choice, h } from "../dom.js";
import { t, tCode } from "../texts.js";
import { roleChoice } from "../ticket/choices.js";
import { readNames, readPairs, writtenName, writtenNames } from "./names.js";
import { overflowControl } from "./overflow.js";

const PRIORITIES = { low: 1, normal: 3, high: 6, urgent: 9 };
const input = (attributes) => h("input", { spellcheck: "false", autocomplete: "off", ...attributes });

/** `read` gives the value, or undefined for what is left as by default. */
const CONTROLS = {
  text(value) {
    const element = h("textarea", { rows: 2, maxlength: 2000, value: value ?? "" });
    return { element, read: () => element.value.trim() || undefined };
  },
  lines(value) {
    const element = h("textarea", { rows: 3, value: (value ?? []).join("\n") });
    return { element, read: () => nonEmpty(element.value.split("\n").map((it) => it.trim()).filter(Boolean)) };
  },
  names(value) {
    const element = input({ value: writtenNames(value ?? []) });
    return { element, hint: t("form.names-hint"), read: () => nonEmpty(readNames(element.value)) };
  },
  number(value, [min, max]) {
    const element = input({ type: "number", min, max, value: value ?? "" });
    return { element, read: () => (element.value === "" ? undefined : Number(element.value)) };
  },
  duration: (value) => typed("90s, 15m, 2h", value),
  /** A length of time, or `keep`. */
  grace: (value) => typed("keep, 0s, 60s", value),
  choice(value, [options, heading], member) {
    const words = options.map((it) => [it, tCode(heading ?? `option.${member}`, it)]);
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
  /** In CEL, over the members of a ticket. */
  condition(value) {
    const element = h("textarea", { rows: 3, class: "code", dir: "ltr", spellcheck: "false", value: value ?? "" });
    return { element, isWide: true, hint: t("form.condition-hint"), read: () => element.value.trim() || undefined };
  },
  /** The name of a role that there is. */
  role(value) {
    const made = roleChoice(false);
    made.input.value = value ?? "";
    return { element: made.element, marked: made.input, read: () => made.value() || undefined };
  },
  priority(value) {
    const named = Object.entries(PRIORITIES).map(([name, level]) => [name, t(`priority.${name}`, { level })]);
    const levels = Array.from({ length: 10 }, (_, level) => [String(level), String(level)]);
    const element = choice([["", t("form.unchanged")], ...named, ...levels], value === undefined ? "" : String(value));
    return { element, read: () => (element.value === "" ? undefined : element.value in PRIORITIES ? element.value : Number(element.value)) };
  },
  /** Skills with their least levels: `de = 8, networking`. */
  levels: (value) => pairs(value, "de = 8, networking = 5", 1),
  /** Roles with their weights: `vendor-a = 70, vendor-b = 30`. */
  shares: (value) => pairs(value, "vendor-a = 70, vendor-b = 30", 1),
  target(value) {
    const within = input({ placeholder: "15m", value: value?.answer_within ?? "", "aria-label": t("form.answer-within") });
    const share = input({ type: "number", min: 0.1, max: 100, step: 0.1, value: value ? Number((value.for_share * 100).toFixed(1)) : "", "aria-label": t("form.for-share") });
    const element = h("span", { class: "pair", role: "group" }, within, h("span", {}, t("form.for")), share, h("span", {}, "%"));
    return { element, isGroup: true, read: () => {
      if (!within.value.trim() && share.value === "") return undefined;
      return { ...value, answer_within: within.value.trim(), for_share: Number((Number(share.value) / 100).toFixed(3)) };
    } };
  },
  overflow: overflowControl,
};

function typed(placeholder, value) {
  const element = input({ placeholder, value: value ?? "" });
  return { element, read: () => element.value.trim() || undefined };
}

/** Names with a number each, as `name = number`; a name alone has the number `alone`. */
function pairs(value, placeholder, alone) {
  const known = Array.isArray(value) ? value.map((name) => [name, alone]) : Object.entries(value ?? {});
  const element = input({ placeholder, value: known.map(([name, count]) => `${writtenName(name)} = ${count}`).join(", ") });
  const read = () => {
    // What is no number goes to the daemon as it was written: it says what it expected.
    const said = readPairs(element.value).map(([name, count]) =>
      [name, count === undefined ? alone : Number.isFinite(Number(count)) && count !== "" ? Number(count) : count]);
    return said.length ? Object.fromEntries(said) : undefined;
  };
  return { element, hint: t("form.pairs-hint"), read };
}

const nonEmpty = (list) => (list.length ? list : undefined);

export function control([member, kind, ...bounds], value) {
  const made = CONTROLS[kind](value, bounds, member);
  const begun = filledIn(made.element);
  // What nobody has touched is as it came, also where the same words would be read as something else.
  return { ...made, read: () => (filledIn(made.element) === begun ? value : made.read()) };
}

/** What stands in the fields of a control. */
function filledIn(element) {
  const fields = element.matches("input, select, textarea") ? [element] : [...element.querySelectorAll("input, select, textarea")];
  return JSON.stringify(fields.map((field) => (field.type === "checkbox" ? field.checked : field.value)));
}
