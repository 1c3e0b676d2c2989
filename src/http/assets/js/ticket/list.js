// Tickets that have not ended, with filters, a page at a time; and a form to make one.

import { address, get } from "../api.js";
import { choice, h, labelled, table } from "../dom.js";
import { when } from "../format.js";
import { link } from "../router.js";
import { may } from "../session.js";
import { t, tCode } from "../texts.js";
import { agentChoice, channelChoice, roleChoice } from "./choices.js";
import { newTicket } from "./create.js";

const PAGE = 100;
const STAGES = ["waiting", "offered", "assigned", "paused", "scheduled", "unroutable"];
const HEADS = ["id", "stage", "role", "channel", "priority", "agent", "created", "due"];

export async function ticketsPage(main) {
  main.className = "listing";
  const results = h("div", {});
  const more = h("button", { type: "button", hidden: true }, t("list.next"));
  const filters = {
    stage: choice([["", t("filter.all")], ...STAGES.map((it) => [it, t(`stage.${it}`)])], ""),
    role: roleChoice(false), channel: channelChoice(false), agent: agentChoice(false),
  };
  const query = () => Object.fromEntries(Object.entries(filters).map(([name, field]) => [name, valueOf(field)]));
  const load = async (after) => {
    try {
      const page = await get(address(["tickets"], { ...query(), after, limit: PAGE }));
      results.replaceChildren(page.tickets.length ? ticketsTable(page) : h("p", { class: "empty" }, t("tickets.none")));
      more.hidden = !page.next;
      more.onclick = () => load(page.next);
    } catch (problem) {
      results.replaceChildren(h("p", { class: "problem" }, problem.message));
    }
  };
  const form = h("form", { class: "filters", "aria-label": t("filter.title"), onsubmit: (submit) => { submit.preventDefault(); load(); }, onchange: () => load() },
    Object.entries(filters).map(([name, field]) => labelled(t(`ticket-column.${name}`), field.element ?? field)), h("button", {}, t("filter.show")));
  main.append(h("header", { class: "page-head" }, h("h1", {}, t("nav.tickets"))), form,
    ...(may("tickets.manage") ? [newTicket(() => load())] : []),
    h("section", { class: "panel", "aria-label": t("nav.tickets") }, results, more));
  await load();
}

const valueOf = (field) => (field.element ? field.value() : field.value);

function ticketsTable({ tickets }) {
  const rows = tickets.map((it) => [
    h("a", { href: link("tickets", it.ticket_id) }, it.ticket_id),
    h("span", { class: "badge", "data-stage": it.stage }, t(`stage.${it.stage}`), it.breached ? ` ▲ ${t("ticket.late")}` : ""),
    it.role ? h("a", { href: link("roles", it.role) }, it.role) : "–", tCode("channel", it.channel), it.priority,
    it.agent_id ? h("a", { href: link("agents", it.agent_id) }, it.agent_id) : "–", when(it.created_at), it.due_at ? when(it.due_at) : "–",
  ]);
  return table(t("nav.tickets"), HEADS.map((it) => t(`ticket-column.${it}`)), rows);
}
