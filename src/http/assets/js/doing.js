// What a press on a button sets going: one at a time, and what went wrong is said where it was asked for.

import { announce, h } from "./dom.js";
import { shut } from "./shut.js";
import { t } from "./texts.js";

/** A place for what went wrong or well. */
export const outcome = () => h("p", { class: "outcome", role: "alert", hidden: true });

/** Does it with the button shut meanwhile. */
export async function doing(button, place, work, saidWhenDone) {
  const open = shut(button);
  place.hidden = true;
  try {
    await work();
    if (saidWhenDone) say(place, saidWhenDone, "good");
    return true;
  } catch (problem) {
    say(place, problem.message || t("problem.unreachable"), "bad");
    return false;
  } finally {
    open();
  }
}

export function say(place, words, mood) {
  place.hidden = false;
  place.dataset.mood = mood;
  place.textContent = `${mood === "bad" ? "▲" : "✓"} ${words}`;
  if (mood === "good") announce(words);
}
