// Fields in which an agent or a role is named: typed, with those that there are to choose from.

import { getAll, get, address } from "../api.js";
import { h } from "../dom.js";
import { may } from "../session.js";
import { t } from "../texts.js";

const SUGGESTED_MAX = 500;
let fields = 0;

/** `isNeeded` says whether a form may be sent without it. */
function named(label, suggestions, isNeeded = true) {
  const id = `names-${++fields}`;
  const list = h("datalist", { id });
  const input = h("input", { required: isNeeded, list: id, "aria-label": label, placeholder: label, autocomplete: "off", spellcheck: "false", maxlength: 128 });
  const fill = async () => list.replaceChildren(...(await suggestions().catch(() => [])).slice(0, SUGGESTED_MAX)
    .map(([value, words]) => h("option", { value }, words ?? "")));
  input.addEventListener("focus", fill, { once: true });
  return { element: h("span", { class: "named" }, input, list), value: () => input.value.trim(), input };
}

export function agentChoice(isNeeded) {
  const all = async () => (may("agents.manage", "reports.view") ? getAll(["agents"], {}, "agents") : []);
  return named(t("actions.agent"), async () => (await all()).map((agent) => [agent.agent_id, agent.name]), isNeeded);
}

export const roleNames = async () => (await get(address(["roles"]))).entries.map((entry) => entry.name);

export const roleChoice = (isNeeded) => named(t("actions.role"), async () => (await roleNames()).map((name) => [name]), isNeeded);

const channelNames = async () => (await get(address(["channels"]))).entries.map((entry) => entry.name);

export const channelChoice = (isNeeded) => named(t("ticket-column.channel"), async () => (await channelNames()).map((name) => [name]), isNeeded);
