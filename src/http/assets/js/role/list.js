// The roles of the catalogue, each in a line; and the way to a new one.

import { address, get } from "../api.js";
import { h, table } from "../dom.js";
import { NEW } from "../entry/editor.js";
import { number, percent } from "../format.js";
import { live } from "../live.js";
import { link } from "../router.js";
import { may } from "../session.js";
import { apart, t, tCode } from "../texts.js";

const HEADS = ["name", "about", "types", "strategy", "target", "waiting", "online"];

export async function rolesPage(main) {
  main.className = "listing";
  const results = h("div", {});
  main.append(h("header", { class: "page-head" }, h("h1", {}, t("nav.roles")),
    may("roles.manage") ? h("a", { class: "button primary", href: link("roles", NEW) }, t("editor.role.new")) : null),
  h("section", { class: "panel", "aria-label": t("nav.roles") }, results));
  try {
    const { entries } = await get(address(["roles"]));
    results.replaceChildren(entries.length ? rolesTable(entries) : h("p", { class: "empty" }, t("roles.none")));
  } catch (problem) {
    results.replaceChildren(h("p", { class: "problem" }, problem.message));
  }
}

function rolesTable(entries) {
  const rows = entries.map((role) => {
    const now = live.roles.get(role.name);
    return [
      h("a", { href: link("roles", role.name) }, role.name), role.description ?? "–", (role.ticket_types ?? []).map(apart).join(t("list.comma")) || "–",
      tCode("strategy", role.strategy ?? "longest_idle"),
      role.target ? t("roles.target", { time: role.target.answer_within, share: percent(Math.round(role.target.for_share * 1000)) }) : "–",
      now ? number(now.waiting) : "–", now ? number(now.staff.online) : "–",
    ];
  });
  return table(t("nav.roles"), HEADS.map((it) => t(`role-column.${it}`)), rows);
}
