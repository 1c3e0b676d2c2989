// What an agent is for: the roles of the catalogue, each given or taken with one press.

import { h, text } from "../dom.js";
import { doing, outcome } from "../doing.js";
import { may } from "../session.js";
import { shutForAMoment } from "../shut.js";
import { t } from "../texts.js";
import { roleNames } from "../ticket/choices.js";
import { giveRole, takeRole } from "./registration.js";

export function rolesPanel(id, onDone) {
  const place = outcome();
  const list = h("ul", { class: "chips" });
  const none = h("li", { class: "empty" }, t("agent.no-roles"));
  const element = h("section", { class: "panel", "aria-labelledby": "agent-roles-head" }, h("h2", { id: "agent-roles-head" }, t("nav.roles")), list, place);
  /** Each stays where it is, whether the agent has the role or not. */
  const chips = new Map();
  let all = null;
  const give = (button, role, has) => doing(button, place, async () => {
    await (has ? takeRole : giveRole)(id, role);
    await onDone();
  }, t(has ? "agent.role-taken" : "agent.role-given", { role }));
  return {
    element,
    async draw(agent) {
      all ??= may("agents.manage") ? await roleNames().catch(() => []) : [];
      const names = new Set([...agent.roles, ...all]);
      for (const [role, chip] of chips) if (!names.has(role)) {
        chip.element.remove();
        chips.delete(role);
      }
      for (const role of names) {
        if (!chips.has(role)) {
          chips.set(role, may("agents.manage") ? roleChip(role, give) : { element: h("li", {}, role), draw() {} });
          list.append(chips.get(role).element);
        }
        chips.get(role).draw(agent.roles.includes(role));
      }
      if (names.size === 0) list.append(none);
      else none.remove();
    },
  };
}

/** A chip of which one presses the other side of what it shows. */
function roleChip(role, give) {
  let has = null;
  const mark = h("span", {});
  const button = h("button", { type: "button", class: "chip", onclick: () => give(button, role, has) }, mark, role);
  const element = h("li", {}, button);
  return {
    element,
    draw(now) {
      if (has === now) return;
      if (has !== null) shutForAMoment(element);
      has = now;
      text(mark, has ? "✓ " : "+ ");
      button.setAttribute("aria-pressed", String(has));
      button.title = t(has ? "agent.take-role" : "agent.give-role", { role });
    },
  };
}
