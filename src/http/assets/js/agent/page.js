// One agent: whether it is there, what it is for, what it holds. For an agent itself this is the desk.

import { address, get } from "../api.js";
import { ROOM_MARK, stateText, statusText } from "../board/agents.js";
import { h, text } from "../dom.js";
import { ageMs, spoken } from "../format.js";
import { onlyChanges, refreshing } from "../refresh.js";
import { who } from "../session.js";
import { apart, t, tCode } from "../texts.js";
import { heldPanel } from "./held.js";
import { offersTeller } from "./offers.js";
import { presencePanel } from "./presence.js";
import { rolesPanel } from "./roles.js";

const PERIOD_MS = 3_000;
const OWN_PERIOD_MS = 1_000; // An offer lives for seconds.

export async function agentPage(main, id) {
  main.className = "detail";
  const [facts, profile] = [h("div", { class: "facts" }), h("div", {})];
  const title = h("h1", { dir: "auto" }, id);
  const isOwn = who()?.agent_id === id;
  const offers = isOwn ? offersTeller() : null;
  const held = heldPanel(id, () => page.again());
  const presence = presencePanel(id, () => page.again());
  const roles = rolesPanel(id, () => page.again());
  main.append(
    h("header", { class: "page-head" }, title, facts),
    held.element, presence.element, roles.element,
    h("section", { class: "panel", "aria-labelledby": "profile-head" }, h("h2", { id: "profile-head" }, t("agent.profile")), profile));
  const changed = onlyChanges();
  const page = refreshing(async () => {
    try {
      const agent = await get(address(["agents", id]));
      text(title, agent.name ?? agent.agent_id);
      facts.replaceChildren(...factsOf(agent));
      changed("held", agent.held, () => {
        held.draw(agent);
        offers?.tell(agent.held);
      });
      changed("profile", [agent.load, agent.registration], () => profile.replaceChildren(...profileOf(agent)));
      changed("presence", [agent.status, agent.status_name, agent.channels_off, Object.keys(agent.load)], () => presence.draw(agent));
      changed("roles", agent.roles, () => roles.draw(agent));
    } catch (problem) {
      facts.replaceChildren(h("span", { class: "problem" }, problem.message));
    }
  }, isOwn ? OWN_PERIOD_MS : PERIOD_MS, { isHiddenToo: isOwn });
  await page.begun;
  return () => {
    page.end();
    offers?.end();
  };
}

function factsOf(agent) {
  return [
    agent.name && agent.name !== agent.agent_id && h("span", { class: "soft" }, agent.agent_id),
    h("span", { class: "badge", "data-room": agent.room }, `${ROOM_MARK[agent.room]} ${stateText(agent)}`),
    h("span", {}, t("agent.since", { status: statusText(agent), time: spoken(ageMs(agent.status_since)) })),
    agent.reason && h("span", { class: "soft" }, tCode("reason", agent.reason)),
  ].filter(Boolean);
}

function profileOf({ load, registration }) {
  const pairs = (map, write) => Object.entries(map ?? {}).map(write).join(" · ") || "–";
  const lines = [
    ["load", pairs(load, ([channel, { used, limit }]) => `${tCode("channel", channel)} ${used}/${limit}`)],
    ["skills", pairs(registration.skills, ([skill, level]) => `${apart(skill)} ${level}`)],
    ["ranks", pairs(registration.ranks, ([role, rank]) => `${apart(role)} ${rank}`)],
    ["access", t(`level.${registration.access}`)], ["deputy", registration.deputy ?? "–"],
  ];
  return [h("dl", { class: "pairs" }, lines.flatMap(([name, words]) => [h("dt", {}, t(`agent.${name}`)), h("dd", {}, words)]))];
}
