// One agent: whether it is there, what it is for, what it holds. For an agent itself this is the desk.

import { address, get, send } from "../api.js";
import { ROOM_MARK, stateText } from "../board/agents.js";
import { h, table } from "../dom.js";
import { doing, outcome } from "../doing.js";
import { ageMs, spoken } from "../format.js";
import { refreshing } from "../refresh.js";
import { link } from "../router.js";
import { may, who } from "../session.js";
import { t, tCode } from "../texts.js";
import { presencePanel } from "./presence.js";
import { rolesPanel } from "./roles.js";

const PERIOD_MS = 3_000;

export async function agentPage(main, id) {
  main.className = "detail";
  const [facts, held, profile] = [h("div", { class: "facts" }), h("div", {}), h("div", {})];
  const title = h("h1", {}, id);
  const isSelf = who()?.agent_id === id;
  const presence = presencePanel(id, () => page.again());
  const roles = rolesPanel(id, () => page.again());
  main.append(
    h("header", { class: "page-head" }, title, facts),
    h("section", { class: "panel", "aria-labelledby": "held-head" }, h("h2", { id: "held-head" }, t("agent.holds")), held, isSelf && may("work.do-own") ? claiming(id, () => page.again()) : null),
    presence.element, roles.element,
    h("section", { class: "panel", "aria-labelledby": "profile-head" }, h("h2", { id: "profile-head" }, t("agent.profile")), profile));
  let drawn = "";
  const page = refreshing(async () => {
    try {
      const agent = await get(address(["agents", id]));
      const key = JSON.stringify({ ...agent, age: spoken(ageMs(agent.status_since)) });
      if (key === drawn) return;
      drawn = key;
      title.textContent = agent.name ?? agent.agent_id;
      facts.replaceChildren(...factsOf(agent));
      held.replaceChildren(heldTable(agent));
      profile.replaceChildren(...profileOf(agent));
      presence.draw(agent);
      await roles.draw(agent);
    } catch (problem) {
      facts.replaceChildren(h("span", { class: "problem" }, problem.message));
    }
  }, PERIOD_MS);
  await page.begun;
  return page.end;
}

function factsOf(agent) {
  return [
    agent.name && agent.name !== agent.agent_id && h("span", { class: "soft" }, agent.agent_id),
    h("span", { class: "badge", "data-room": agent.room }, `${ROOM_MARK[agent.room]} ${stateText(agent)}`),
    h("span", {}, t("agent.since", { status: agent.status_name ?? t(`status.${agent.status}`), time: spoken(ageMs(agent.status_since)) })),
  ].filter(Boolean);
}

function heldTable(agent) {
  if (!agent.held.length) return h("p", { class: "empty" }, t("agent.holds-none"));
  const rows = agent.held.map((it) => [
    h("a", { href: link("tickets", it.ticket_id) }, it.ticket_id), t(`held-as.${it.held_as}`), it.channel ? tCode("channel", it.channel) : "–",
  ]);
  return table(t("agent.holds"), ["ticket", "how", "channel"].map((it) => t(`agent.holds.${it}`)), rows);
}

function profileOf({ load, registration }) {
  const pairs = (map, write) => Object.entries(map ?? {}).map(write).join(" · ") || "–";
  const lines = [
    ["load", pairs(load, ([channel, { used, limit }]) => `${tCode("channel", channel)} ${used}/${limit}`)],
    ["skills", pairs(registration.skills, ([skill, level]) => `${skill} ${level}`)],
    ["ranks", pairs(registration.ranks, ([role, rank]) => `${role} ${rank}`)],
    ["access", t(`level.${registration.access}`)], ["deputy", registration.deputy ?? "–"],
  ];
  return [h("dl", { class: "pairs" }, lines.flatMap(([name, words]) => [h("dt", {}, t(`agent.${name}`)), h("dd", {}, words)]))];
}

/** Asks for the best ticket that one may take. */
function claiming(id, onDone) {
  const place = outcome();
  const button = h("button", { type: "button", class: "primary", onclick: () => doing(button, place, async () => {
    await send("POST", address(["agents", id, "claim"]), {});
    onDone();
  }, t("agent.claimed")) }, t("agent.claim"));
  return h("div", { class: "actions" }, button, place);
}
