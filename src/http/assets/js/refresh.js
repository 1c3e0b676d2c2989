// A page that keeps itself true: asks again every few seconds while it is looked at, and at once after a change.

/** Calls `load` now, every `periodMs` while the page is visible, and whenever `again` is called. */
export function refreshing(load, periodMs) {
  let timer = null;
  let isOver = false;
  const turn = async () => {
    clearTimeout(timer);
    if (!document.hidden) await load();
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
