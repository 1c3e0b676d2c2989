// How an agent is registered. A registration replaces the one before, so whoever changes a part of it says all of it.

import { address, ask, isLostRace, send, tagOf } from "../api.js";
import { t } from "../texts.js";

/** For each agent the last change that was begun. */
const changes = new Map();

/** Registers an agent with these roles, and everything else as it was. Changes to one agent are made one after the other: of two at
 *  once the second would take back what the first has done. */
function setRoles(id, change) {
  const mine = (changes.get(id) ?? Promise.resolve()).then(() => register(id, change));
  changes.set(id, mine.catch(() => {}));
  return mine;
}

/** What somebody else has said of it between the look and the change is not overwritten: who pressed is told to look again. */
async function register(id, change) {
  const seen = await ask("GET", address(["agents", id]));
  const { name, roles, registration } = await seen.json();
  const body = { name, roles: change(roles), ...registration };
  for (const member of Object.keys(body)) if (body[member] == null) delete body[member];
  // A rank in a role that one does not have has no meaning.
  body.ranks = Object.fromEntries(Object.entries(body.ranks ?? {}).filter(([role]) => body.roles.includes(role)));
  try {
    return await send("PUT", address(["agents", id]), body, { "If-Match": tagOf(seen) });
  } catch (problem) {
    if (isLostRace(problem)) problem.message = t("agent.changed-meanwhile");
    throw problem;
  }
}

export const giveRole = (id, role) => setRoles(id, (roles) => [...new Set([...roles, role])]);
export const takeRole = (id, role) => setRoles(id, (roles) => roles.filter((it) => it !== role));
