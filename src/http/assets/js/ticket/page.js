// One ticket: what it is, why it waits or why that agent has it, who had it before, and what can be done about it.

import { address, getIfThere } from "../api.js";
import { h, text } from "../dom.js";
import { when } from "../format.js";
import { onlyChanges, refreshing } from "../refresh.js";
import { link } from "../router.js";
import { t, tCode } from "../texts.js";
import { agentsTable } from "../why/agents.js";
import { drawWhy, explanationOf } from "../why/dialog.js";
import { actionsPanel } from "./actions.js";
import { historyTable } from "./history.js";

const PERIOD_MS = 3_000;

export async function ticketPage(main, id) {
  main.className = "detail";
  const facts = h("div", { class: "facts" });
  const trouble = h("p", { class: "problem" });
  const [why, over, staff] = [h("ul", { class: "why-lines", hidden: true }), h("p", {}), h("div", {})];
  const history = h("div", {});
  const actions = actionsPanel(id, () => page.again());
  main.append(
    h("header", { class: "page-head" }, h("h1", { dir: "auto" }, id), facts),
    h("section", { class: "panel", "aria-labelledby": "why-head" }, h("h2", { id: "why-head" }, t("ticket.why")), trouble, why, over, staff),
    actions.element,
    h("section", { class: "panel wide", "aria-labelledby": "history-head" }, h("h2", { id: "history-head" }, t("ticket.history")), history));
  const changed = onlyChanges();
  const page = refreshing(async () => {
    try {
      const card = await getIfThere(address(["tickets", id]));
      const [explained, past] = await Promise.all([card && explanationOf(id).catch(ended), getIfThere(address(["tickets", id, "history"])).catch(() => null)]);
      changed("facts", [card, past?.closed], () => facts.replaceChildren(...factsOf(card, past)));
      // How long it waits is told anew each time; the links below stay, for whoever is about to press one.
      drawWhy(why, explained);
      text(over, explained ? "" : endOf(card, past));
      changed("staff", explained?.agents, () => staff.replaceChildren(agentsTable(explained ?? {})));
      changed("history", past, () => history.replaceChildren(historyTable(past)));
      actions.draw(card);
      text(trouble, "");
    } catch (problem) {
      text(trouble, problem.message);
    }
  }, PERIOD_MS);
  await page.begun;
  return page.end;
}

/** It may end between two questions. */
function ended(problem) {
  if (problem.status === 404) return null;
  throw problem;
}

function endOf(card, past) {
  if (past?.closed) return t("ticket.ended", { how: tCode("closed", past.closed), time: when(past.closed_at) });
  return t(card || past?.owners.length ? "ticket.over" : "ticket.unknown");
}

function factsOf(card, past) {
  if (!card) return [h("span", { class: "badge" }, past?.closed ? tCode("closed", past.closed) : t("ticket.not-there"))];
  const due = card.due_at ? Date.parse(card.due_at) : null;
  return [
    h("span", { class: "badge", "data-stage": card.stage }, t(`stage.${card.stage}`)),
    card.breached ? h("span", { class: "badge bad" }, `▲ ${t("ticket.late")}`) : card.at_risk && h("span", { class: "badge warn" }, `◆ ${t("ticket.at-risk")}`),
    card.role && h("span", {}, h("a", { href: link("roles", card.role) }, card.role)),
    h("span", {}, tCode("channel", card.channel)),
    h("span", {}, t("ticket.priority", { priority: card.priority })),
    h("span", {}, t("ticket.created", { time: when(card.created_at) })),
    due && h("span", {}, t("ticket.due", { time: when(card.due_at) })),
    card.agent_id && h("span", {}, t("ticket.with"), " ", h("a", { href: link("agents", card.agent_id) }, card.agent_id)),
  ].filter(Boolean);
}
