// What an agent is for: the roles of the catalogue, each given or taken with one press.

import { h } from "../dom.js";
import { doing, outcome } from "../doing.js";
import { may } from "../session.js";
import { t } from "../texts.js";
import { roleNames } from "../ticket/choices.js";
import { giveRole, takeRole } from "./registration.js";

export function rolesPanel(id, onDone) {
  const place = outcome();
  const list = h("ul", { class: "chips" });
  const element = h("section", { class: "panel", "aria-labelledby": "agent-roles-head" }, h("h2", { id: "agent-roles-head" }, t("nav.roles")), list, place);
  let all = null;
  const chip = (role, has) => {
    if (!may("agents.manage")) return h("li", {}, role);
    const change = has ? takeRole : giveRole;
    const button = h("button", {
      type: "button", class: "chip", "aria-pressed": String(has), title: t(has ? "agent.take-role" : "agent.give-role", { role }),
      onclick: () => doing(button, place, async () => {
        await change(id, role);
        onDone();
      }, t(has ? "agent.role-taken" : "agent.role-given", { role })),
    }, has ? "✓ " : "+ ", role);
    return h("li", {}, button);
  };
  return {
    element,
    async draw(agent) {
      all ??= may("agents.manage") ? await roleNames().catch(() => []) : [];
      const names = [...new Set([...agent.roles, ...all])];
      list.replaceChildren(...names.map((role) => chip(role, agent.roles.includes(role))));
      if (names.length === 0) list.append(h("li", { class: "empty" }, t("agent.no-roles")));
    },
  };
}
