// Who owned a ticket, the first of them first.

import { h, table } from "../dom.js";
import { spoken, when } from "../format.js";
import { link } from "../router.js";
import { t, tCode } from "../texts.js";

export function historyTable(past) {
  if (!past?.owners.length) return h("p", { class: "empty" }, t("history.none"));
  const heads = ["agent", "role", "from", "until", "length", "ended"].map((it) => t(`history.${it}`));
  const rows = past.owners.map((owner) => [
    h("a", { href: link("agents", owner.agent_id) }, owner.agent_id), owner.role, when(owner.from),
    owner.until ? when(owner.until) : t("history.still"),
    owner.until ? spoken(Date.parse(owner.until) - Date.parse(owner.from)) : "–",
    owner.ended ? tCode("ended", owner.ended) : "–",
  ]);
  return table(t("ticket.history"), heads, rows);
}
