// Which role would this ticket get, and by which rule? Asked without making one.

import { address, send } from "../api.js";
import { choice, h, labelled } from "../dom.js";
import { doing, outcome } from "../doing.js";
import { readNames } from "../entry/names.js";
import { link } from "../router.js";
import { channelChoice } from "../ticket/choices.js";
import { t } from "../texts.js";

const LEVELS = { low: 1, normal: 3, high: 6, urgent: 9 };
const text = (attributes) => h("input", { maxlength: 128, spellcheck: "false", autocomplete: "off", ...attributes });

/** A panel with a form; `onHit` hears the name of the rule whose condition held, or null. */
export function dryRunPanel(onHit) {
  const channel = channelChoice(false);
  channel.input.value = "email";
  const fields = {
    type: text(), channel: channel.input, priority: choice(Object.entries(LEVELS).map(([name, level]) => [name, t(`priority.${name}`, { level })]), "normal"),
    tier: text(), language: text(), customer: text(), subject: text({ maxlength: 1000 }), skills: text({ placeholder: "de, networking" }),
    attributes: h("textarea", { rows: 2, spellcheck: "false", dir: "ltr", placeholder: "amount = 250" }),
  };
  const place = outcome();
  const said = h("div", { class: "verdict", role: "status" });
  const button = h("button", { class: "primary" }, t("dry-run.button"));
  const submit = (event) => {
    event.preventDefault();
    said.replaceChildren();
    onHit(null);
    doing(button, place, async () => {
      const verdict = await send("POST", address(["rules", "dry-run"]), ticketOf(fields));
      said.replaceChildren(...words(verdict));
      onHit(verdict.rule);
    });
  };
  return h("section", { class: "panel", "aria-labelledby": "dry-run-head" },
    h("h2", { id: "dry-run-head" }, t("dry-run.title")), h("p", { class: "hint" }, t("dry-run.hint")),
    h("form", { class: "grid-form", onsubmit: submit },
      Object.entries(fields).map(([name, field]) => labelled(t(`dry-run.${name}`), name === "channel" ? channel.element : field)), button),
    place, said);
}

/** The members of the ticket that the form describes; what is empty is not said. */
function ticketOf(fields) {
  const value = (name) => fields[name].value.trim() || undefined;
  const customer = { id: value("customer"), tier: value("tier"), language: value("language") };
  const skills = value("skills") && readNames(value("skills"));
  return {
    type: value("type"), channel: value("channel"), priority: value("priority"), subject: value("subject"), skills,
    customer: Object.values(customer).some(Boolean) ? customer : undefined, attributes: attributesOf(value("attributes")),
  };
}

/** `amount = 250`, one a line: numbers, `true` and `false` are such, all else is text. */
function attributesOf(lines) {
  const pairs = (lines ?? "").split("\n").map((line) => line.match(/^\s*([^=:]+?)\s*[=:]\s*(.*?)\s*$/)).filter(Boolean);
  const scalar = (words) => ({ true: true, false: false })[words] ?? (words !== "" && Number.isFinite(Number(words)) ? Number(words) : words.replace(/^"(.*)"$/, "$1"));
  return pairs.length ? Object.fromEntries(pairs.map(([, name, words]) => [name, scalar(words)])) : undefined;
}

function words({ role, by, rule, priority, skills, permissions }) {
  const listed = [
    [t("rule-set.priority"), String(priority)],
    [t("rule-set.skills"), Object.entries(skills).map(([name, level]) => `${name} ${level}`).join(t("list.comma"))],
    [t("rule-set.permissions"), permissions.join(t("list.comma"))],
  ].filter(([, value]) => value);
  return [
    h("p", { class: "verdict-role" }, role ? [t("dry-run.goes-to"), " ", h("a", { href: link("roles", role) }, role)] : t("dry-run.nowhere")),
    h("p", {}, t(`dry-run.by.${by}`, { rule: rule ?? "" }), rule && by !== "rule" ? ` ${t("dry-run.rule-too", { rule })}` : null),
    h("dl", { class: "pairs" }, listed.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
  ];
}
