// Who has a role, and the way to give it to somebody.

import { getAll } from "../api.js";
import { ROOM_MARK, stateText } from "../board/agents.js";
import { giveRole, takeRole } from "../agent/registration.js";
import { h } from "../dom.js";
import { doing, outcome } from "../doing.js";
import { link } from "../router.js";
import { may } from "../session.js";
import { agentChoice } from "../ticket/choices.js";
import { t } from "../texts.js";

const SHOWN_MAX = 100;

export function staffPanel(role) {
  const list = h("ul", { class: "staff-list" });
  const place = outcome();
  const load = async () => {
    try {
      const all = (await getAll(["agents"], {}, "agents")).filter((agent) => agent.roles.includes(role));
      const rest = all.length > SHOWN_MAX ? [h("li", { class: "soft" }, t("list.more", { count: all.length - SHOWN_MAX }))] : [];
      list.replaceChildren(...all.slice(0, SHOWN_MAX).map((agent) => row(agent)), ...rest);
      if (!all.length) list.append(h("li", { class: "empty" }, t("role.nobody")));
    } catch (problem) {
      list.replaceChildren(h("li", { class: "problem" }, problem.message));
    }
  };
  const row = (agent) => {
    const take = h("button", { type: "button", class: "small", "aria-label": t("role.take", { agent: agent.agent_id }), onclick: () =>
      doing(take, place, async () => {
        await takeRole(agent.agent_id, role);
        await load();
      }, t("agent.role-taken", { role })) }, "✕");
    return h("li", {}, h("span", { class: "agent-mark", "aria-hidden": "true" }, ROOM_MARK[agent.room]), " ", h("a", { href: link("agents", agent.agent_id) }, agent.name ?? agent.agent_id),
      h("span", { class: "soft" }, ` ${stateText(agent)}`), may("agents.manage") ? take : null);
  };
  const element = h("section", { class: "panel", "aria-labelledby": "staff-head" }, h("h2", { id: "staff-head" }, t("role.staff")),
    may("agents.manage") ? giving(role, place, load) : null, place, list);
  return { element, load };
}

function giving(role, place, onDone) {
  const agent = agentChoice();
  const button = h("button", {}, t("role.give"));
  return h("form", { class: "action", onsubmit: (submit) => {
    submit.preventDefault();
    doing(button, place, async () => {
      await giveRole(agent.value(), role);
      agent.input.value = "";
      await onDone();
    }, t("agent.role-given", { role }));
  } }, agent.element, button);
}
