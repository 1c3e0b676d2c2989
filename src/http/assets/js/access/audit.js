// The audit log, the latest first, a page at a time.

import { address, get } from "../api.js";
import { h, labelled, table } from "../dom.js";
import { when } from "../format.js";
import { t } from "../texts.js";

const PAGE = 50;
const HEADS = ["seq", "at", "who", "from", "what", "status", "change"];

export function auditPanel() {
  const results = h("div", {});
  const who = h("input", { maxlength: 128, spellcheck: "false" });
  const older = h("button", { type: "button", hidden: true }, t("audit.older"));
  const load = async (before) => {
    try {
      const page = await get(address(["audit"], { who: who.value.trim(), before, limit: PAGE }));
      results.replaceChildren(table(t("audit.title"), HEADS.map((it) => t(`audit-column.${it}`)), page.entries.map(row)));
      older.hidden = page.before == null;
      older.onclick = () => load(page.before);
    } catch (problem) {
      results.replaceChildren(h("p", { class: "problem" }, problem.message));
    }
  };
  const element = h("section", { class: "panel", "aria-labelledby": "audit-head" }, h("h2", { id: "audit-head" }, t("audit.title")),
    h("form", { class: "filters", onsubmit: (submit) => { submit.preventDefault(); load(); } }, labelled(t("audit-column.who"), who), h("button", {}, t("filter.show"))),
    results, older);
  return { element, load: () => load() };
}

function row(entry) {
  const change = { asked: entry.asked, before: entry.before, after: entry.after };
  const said = Object.entries(change).filter(([, value]) => value != null);
  const details = said.length ? h("details", {}, h("summary", {}, t("audit.show")), said.map(([name, value]) => h("p", {}, h("b", {}, t(`audit.${name}`)), " ", h("code", { dir: "ltr" }, JSON.stringify(value))))) : "–";
  return [entry.seq, when(entry.at), entry.who, entry.from ?? "–", h("code", { dir: "ltr" }, entry.what), entry.status ?? "–", details];
}
