// A page that keeps itself true: asks again every few seconds while it is looked at, and at once after a change.

import { who } from "./session.js";

/** Calls `load` now, every `periodMs` while the page is visible (or, with `isHiddenToo`, always), and whenever `again` is called;
 *  not while nobody is in. */
export function refreshing(load, periodMs, { isHiddenToo = false } = {}) {
  let timer = null;
  let isOver = false;
  const turn = async () => {
    clearTimeout(timer);
    if (who() && (isHiddenToo || !document.hidden)) await load();
    clearTimeout(timer);
    if (!isOver) timer = setTimeout(turn, periodMs);
  };
  const again = () => turn();
  document.addEventListener("visibilitychange", again);
  const end = () => {
    isOver = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", again);
  };
  return { begun: turn(), again, end };
}

/** Draws a part only where what it shows is another than before: nobody loses their place in a table, nor a button under their
 *  finger, and nothing is read twice. */
export function onlyChanges() {
  const drawn = {};
  return (part, value, draw) => {
    const key = JSON.stringify(value ?? null);
    if (drawn[part] === key) return;
    drawn[part] = key;
    draw();
  };
}
