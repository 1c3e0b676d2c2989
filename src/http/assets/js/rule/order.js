// The order in which rules are tried: changed by one place at a time, and only where it still is as it was looked at.

import { address, ask, get, isLostRace, tagOf } from "../api.js";

/** Has the rule at `from` of `names` tried at its neighbour's place `to`. Says whether it was: false where somebody has changed
 *  the order meanwhile, and then nothing is changed. */
export async function moveRule(names, from, to) {
  // What moves is always put before its neighbour: the later of the two.
  const [moved, before] = from > to ? [names[from], names[to]] : [names[to], names[from]];
  const answer = await ask("GET", address(["rules", moved]));
  const { entries } = await get(address(["rules"]));
  if (entries.length !== names.length || entries.some((rule, place) => rule.name !== names[place])) return false;
  try {
    // The tag is that of a rule in its place, so that it also tells what has been moved since.
    await ask("PUT", address(["rules", moved], { before }), { body: await answer.json(), headers: { "If-Match": tagOf(answer) } });
    return true;
  } catch (problem) {
    if (isLostRace(problem)) return false;
    throw problem;
  }
}
