// The rules of the catalogue in the order in which they are tried, the way to a new one, and what they would do with a ticket.

import { address, get } from "../api.js";
import { announce, h, table } from "../dom.js";
import { doing, outcome, say } from "../doing.js";
import { NEW } from "../entry/editor.js";
import { link } from "../router.js";
import { may } from "../session.js";
import { t } from "../texts.js";
import { dryRunPanel } from "./dry_run.js";
import { moveRule } from "./order.js";
import { setWords } from "./words.js";

const HEADS = ["name", "when", "set"];

export async function rulesPage(main) {
  main.className = "listing";
  const mayWrite = may("rules.manage");
  const results = h("div", {});
  const place = outcome();
  let shown = [];
  const draw = () => results.replaceChildren(shown.length ? rulesTable(shown, mayWrite, move) : h("p", { class: "empty" }, t("rules.none")));
  const load = async () => {
    shown = (await get(address(["rules"]))).entries;
    draw();
  };
  /** Tries the rule at `from` earlier or later by one. */
  const move = (button, from, to) => doing(button, place, async () => {
    const { name } = shown[from];
    const isMoved = await moveRule(shown.map((rule) => rule.name), from, to);
    await load();
    // The button that was pressed has gone with its row: the focus stays with the rule.
    const row = results.querySelectorAll("tbody tr")[shown.findIndex((rule) => rule.name === name)];
    (row?.querySelector(`button[data-way="${to < from ? "earlier" : "later"}"]:enabled`) ?? row?.querySelector("button:enabled"))?.focus();
    if (!isMoved) return say(place, t("rules.order-changed"), "bad");
    announce(t("rules.moved", { name, place: to + 1, count: shown.length }));
  });
  main.append(h("header", { class: "page-head" }, h("h1", {}, t("nav.rules")),
    mayWrite ? h("a", { class: "button primary", href: link("rules", NEW) }, t("editor.rule.new")) : null),
  h("section", { class: "panel", "aria-label": t("nav.rules") }, h("p", { class: "hint" }, t("rules.hint")), results, place));
  if (may("rules.manage", "tickets.manage")) main.append(dryRunPanel((hit) => mark(results, shown, hit)));
  try {
    await load();
  } catch (problem) {
    results.replaceChildren(h("p", { class: "problem" }, problem.message));
  }
}

function rulesTable(rules, mayWrite, move) {
  const rows = rules.map((rule, place) => [
    [h("span", { class: "soft" }, `${place + 1}. `), h("a", { href: link("rules", rule.name) }, rule.name)],
    h("code", { dir: "ltr" }, rule.when), setWords(rule.set),
    ...(mayWrite ? [h("span", { class: "row-actions" }, moving(rules, place, place - 1, move), moving(rules, place, place + 1, move))] : []),
  ]);
  return table(t("nav.rules"), [...HEADS, ...(mayWrite ? ["order"] : [])].map((it) => t(`rule-column.${it}`)), rows);
}

function moving(rules, from, to, move) {
  const way = to < from ? "earlier" : "later";
  const button = h("button", { type: "button", class: "small", "data-way": way, disabled: to < 0 || to >= rules.length,
    "aria-label": t(`rules.${way}`, { name: rules[from].name }), onclick: () => move(button, from, to) }, way === "earlier" ? "↑" : "↓");
  return button;
}

/** Shows which of the rules held in a dry run; none where `hit` is null. */
function mark(results, rules, hit) {
  for (const [place, row] of results.querySelectorAll("tbody tr").entries()) {
    if (rules[place]?.name === hit) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}
