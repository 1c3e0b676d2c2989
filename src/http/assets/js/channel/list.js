// The channels of the catalogue, each in a line; and the way to another.

import { address, get } from "../api.js";
import { h, table } from "../dom.js";
import { NEW } from "../entry/editor.js";
import { number } from "../format.js";
import { link } from "../router.js";
import { may } from "../session.js";
import { t, tCode } from "../texts.js";

const HEADS = ["name", "cost", "limit", "acceptance", "offer_timeout", "wrap_up", "owner_grace"];

export async function channelsPage(main) {
  main.className = "listing";
  const results = h("div", {});
  main.append(h("header", { class: "page-head" }, h("h1", {}, t("nav.channels")),
    may("roles.manage") ? h("a", { class: "button primary", href: link("channels", NEW) }, t("editor.channel.new")) : null),
  h("section", { class: "panel", "aria-label": t("nav.channels") }, h("p", { class: "hint" }, t("channels.hint")), results));
  try {
    const { entries } = await get(address(["channels"]));
    results.replaceChildren(entries.length ? channelsTable(entries) : h("p", { class: "empty" }, t("channels.none")));
  } catch (problem) {
    results.replaceChildren(h("p", { class: "problem" }, problem.message));
  }
}

function channelsTable(entries) {
  const rows = entries.map((it) => [
    h("a", { href: link("channels", it.name) }, it.name), number(it.cost), number(it.limit), tCode("option.acceptance", it.acceptance),
    it.acceptance === "offer" ? it.offer_timeout : "–", it.wrap_up, tCode("option.owner_grace", it.owner_grace),
  ]);
  return table(t("nav.channels"), HEADS.map((it) => t(`channel-column.${it}`)), rows);
}
