// How an agent is registered. A registration replaces the one before, so whoever changes a part of it says all of it.

import { address, get, send } from "../api.js";

/** Registers an agent with these roles, and everything else as it was. */
export async function setRoles(id, change) {
  const { name, roles, registration } = await get(address(["agents", id]));
  const body = { name, roles: change(roles), ...registration };
  for (const member of Object.keys(body)) if (body[member] == null) delete body[member];
  // A rank in a role that one does not have has no meaning.
  body.ranks = Object.fromEntries(Object.entries(body.ranks ?? {}).filter(([role]) => body.roles.includes(role)));
  return send("PUT", address(["agents", id]), body);
}

export const giveRole = (id, role) => setRoles(id, (roles) => [...new Set([...roles, role])]);
export const takeRole = (id, role) => setRoles(id, (roles) => roles.filter((it) => it !== role));
