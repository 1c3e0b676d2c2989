// All agents: who is there, for what, with how much on hand.

import { getAll } from "../api.js";
import { ROOM_MARK, stateText } from "../board/agents.js";
import { choice, h, labelled, table, text } from "../dom.js";
import { spoken, ageMs } from "../format.js";
import { link } from "../router.js";
import { may } from "../session.js";
import { language, t } from "../texts.js";
import { newAgent } from "./create.js";

const SHOWN_MAX = 500;
const HEADS = ["name", "state", "since", "holds", "roles"];

export async function agentsPage(main) {
  main.className = "listing";
  const count = h("p", { class: "soft", role: "status" });
  const results = h("div", {});
  const search = h("input", { type: "search", maxlength: 128, spellcheck: "false" });
  const presence = choice([["", t("filter.all")], ["here", t("agents.here")], ["away", t("agents.away")]], "");
  let all = [];
  const draw = () => {
    const wanted = search.value.trim().toLowerCase();
    const isWanted = (it) => !wanted || [it.agent_id, it.name, ...it.roles].some((words) => words?.toLowerCase().includes(wanted));
    const isThere = (it) => !presence.value || (it.status !== "offline") === (presence.value === "here");
    const found = all.filter((it) => isWanted(it) && isThere(it));
    text(count, t("agents.count", { count: found.length, all: all.length }));
    if (!all.length) return results.replaceChildren(h("p", { class: "empty" }, t("board.no-agents")));
    results.replaceChildren(agentsTable(found.slice(0, SHOWN_MAX)),
      ...(found.length > SHOWN_MAX ? [h("p", { class: "soft" }, t("list.more", { count: found.length - SHOWN_MAX }))] : []));
    return undefined;
  };
  search.oninput = draw;
  presence.onchange = draw;
  main.append(h("header", { class: "page-head" }, h("h1", {}, t("nav.agents")), count),
    h("form", { class: "filters", "aria-label": t("filter.title"), onsubmit: (submit) => submit.preventDefault() },
      labelled(t("agents.search"), search), labelled(t("agents.presence"), presence)),
    ...(may("agents.manage") ? [newAgent()] : []),
    h("section", { class: "panel", "aria-label": t("nav.agents") }, results));
  try {
    const order = new Intl.Collator(language().code, { numeric: true });
    all = (await getAll(["agents"], {}, "agents")).sort((a, b) => order.compare(a.name ?? a.agent_id, b.name ?? b.agent_id));
    draw();
  } catch (problem) {
    results.replaceChildren(h("p", { class: "problem" }, problem.message));
  }
}

function agentsTable(agents) {
  const rows = agents.map((it) => [
    [h("a", { href: link("agents", it.agent_id) }, it.name ?? it.agent_id), it.name && it.name !== it.agent_id ? h("span", { class: "soft" }, ` ${it.agent_id}`) : null],
    h("span", { class: "agent-cell", "data-room": it.room }, h("span", { class: "agent-mark", "aria-hidden": "true" }, ROOM_MARK[it.room]), ` ${stateText(it)}`),
    h("span", { class: "whole" }, spoken(ageMs(it.status_since))), it.held_count,
    it.roles.map((role, place) => [place ? t("list.comma") : "", h("a", { href: link("roles", role) }, role)]),
  ]);
  return table(t("nav.agents"), HEADS.map((it) => t(`agent-column.${it}`)), rows);
}
