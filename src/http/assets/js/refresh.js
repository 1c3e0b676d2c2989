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
