// Who is there and what each holds. Everybody keeps their place, so that one finds them again: by name, never by state.

import { h, text } from "../dom.js";
import { number } from "../format.js";
import { link } from "../router.js";
import { apart, language, t, tCode } from "../texts.js";
import { absent } from "./mood.js";

export const ROOM_MARK = { idle: "○", some: "◐", full: "●", away: "–" };
const CROWD = 60; // From so many on a line says who and how, and no more.
const SHOWN_MAX = 500; // As many as a snapshot of the stream has.

export function agentsPanel() {
  const legend = h("p", { class: "legend" });
  const slots = h("p", { class: "slots" });
  const list = h("ul", { class: "agent-list" });
  const more = h("li", { class: "soft", hidden: true });
  const empty = h("p", { class: "empty", hidden: true }, t("board.no-agents"));
  const element = h("section", { class: "panel people", "aria-labelledby": "people-title" },
    h("h2", { id: "people-title" }, t("nav.agents")), legend, slots, list, empty);
  const rows = new Map();
  return {
    element,
    draw(live, news) {
      const isWhole = rows.size === 0 || !news || news.kind === "snapshot";
      const changed = isWhole ? live.agents.values() : news.news.agents.filter((it) => live.agents.has(it.agent_id));
      drawLegend(legend, slots, live);
      empty.hidden = live.agents.size > 0;
      list.hidden = !empty.hidden;
      list.classList.toggle("crowd", live.agents.size > CROWD);
      let isOrderNew = false;
      for (const [id, row] of rows) {
        if (live.agents.has(id)) continue;
        row.element.remove();
        rows.delete(id);
      }
      for (const agent of changed) {
        if (!rows.has(agent.agent_id) && rows.size >= SHOWN_MAX) continue;
        if (!rows.has(agent.agent_id)) rows.set(agent.agent_id, agentRow(agent));
        if (drawAgent(rows.get(agent.agent_id), agent, live.agents.size > CROWD)) isOrderNew = true;
      }
      // A change may have come between two pictures, and room may have been made: whoever is missing is drawn now.
      if (rows.size < Math.min(live.agents.size, SHOWN_MAX)) for (const agent of live.agents.values()) if (!rows.has(agent.agent_id) && rows.size < SHOWN_MAX) {
        rows.set(agent.agent_id, agentRow(agent));
        drawAgent(rows.get(agent.agent_id), agent, live.agents.size > CROWD);
        isOrderNew = true;
      }
      if (isOrderNew) list.replaceChildren(...ordered(rows).map((row) => row.element), more);
      drawMore(more, live.totals.staff, rows.size);
    },
  };
}

function ordered(rows) {
  const order = new Intl.Collator(language().code, { numeric: true });
  return [...rows.values()].sort((a, b) => order.compare(a.name, b.name));
}

function drawLegend(legend, slots, { totals: { staff }, channels }) {
  const counts = [["●", t("staff.full", { count: staff.full })], ["◐", t("staff.some", { count: staff.some_room })],
    ["○", t("staff.idle", { count: staff.idle })], ["–", t("staff.away", { count: absent(staff) })]];
  // Where there is no room for all in a line, each stays whole: behind a dash even a space that holds does not.
  text(legend, counts.map(([mark, words]) => `${mark}\u2060 ${words}`.replaceAll(" ", "\u00a0")).join("   "));
  const used = channels.filter((it) => it.used + it.free > 0);
  const words = used.map(({ channel, free }) => `${tCode("channel", channel)} ${number(free)}`).join(" · ");
  text(slots, words ? t("board.slots", { slots: words }) : "");
}

/** So many are there and not shown: the counts are whole. */
function drawMore(more, staff, shownCount) {
  const count = staff.online + absent(staff) - shownCount;
  more.hidden = count <= 0;
  text(more, count > 0 ? t("list.more", { count }) : "");
}

function agentRow(agent) {
  const row = { name: null, key: "", link: h("a", { class: "agent-name", dir: "auto", href: link("agents", agent.agent_id) }), mark: h("span", { class: "agent-mark", "aria-hidden": "true" }), state: h("span", { class: "agent-state" }), held: h("span", { class: "agent-held" }) };
  row.element = h("li", { class: "agent" }, row.mark, row.link, row.state, row.held);
  return row;
}

/** Says whether the agent has another name than before, and so perhaps another place. */
function drawAgent(row, agent, isCrowd) {
  const name = agent.name ?? agent.agent_id;
  const isRenamed = row.name !== name;
  row.name = name;
  text(row.link, name);
  const state = isCrowd ? shortState(agent) : stateText(agent);
  const held = isCrowd ? "" : heldText(agent);
  const key = `${agent.room}|${state}|${held}`;
  if (row.key === key) return isRenamed;
  row.key = key;
  row.element.dataset.room = agent.room;
  text(row.mark, ROOM_MARK[agent.room]);
  text(row.state, state);
  text(row.held, held);
  return isRenamed;
}

/** What an agent is doing, in a word or two. */
export function stateText(agent) {
  if (agent.room === "away") return [statusText(agent), reasonText(agent)].filter(Boolean).join(" · ");
  if (agent.room === "idle") return t("room.idle");
  return t(`room.${agent.room}`, { count: agent.held_count });
}

/** What an agent calls its status. */
export const statusText = (agent) => (agent.status_name ? apart(agent.status_name) : null) ?? t(`status.${agent.status}`);

/** As much of a reason as a line has room for. */
const REASON_SHOWN_MAX = 40;

/** Why it has that status, where somebody has said so. */
export function reasonText({ reason }) {
  const letters = Array.from(reason ? tCode("reason", reason) : "");
  return apart(letters.length > REASON_SHOWN_MAX ? `${letters.slice(0, REASON_SHOWN_MAX - 1).join("")}…` : letters.join(""));
}

/** The same where there is room for a figure alone. */
const shortState = (agent) => (agent.room === "away" ? statusText(agent) : agent.held_count ? number(agent.held_count) : "");

function heldText(agent) {
  const held = agent.held.map(({ ticket_id: ticket, channel, held_as: how }) => {
    const words = [how === "assigned" ? "" : t(`held.${how}`), how === "paused" || !channel ? "" : tCode("channel", channel)];
    return [apart(ticket), ...words].filter(Boolean).join(" ");
  });
  const more = agent.held_count - agent.held.length;
  return held.join(" · ") + (more > 0 ? ` ${t("list.more", { count: more })}` : "");
}
