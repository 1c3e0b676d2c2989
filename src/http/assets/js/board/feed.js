// The latest assignments, the newest first. It stands still while somebody points at it or has stopped it, so that a line can be
// pressed; a screen reader hears of it every few seconds and not of each.

import { announce, h } from "../dom.js";
import { clock, spoken } from "../format.js";
import { apart, language, t, tCode } from "../texts.js";
import { asksWhy } from "../why/dialog.js";

const SPOKEN_EVERY_MS = 10_000;
const LIT_MAX = 4;

export function feedPanel() {
  const list = h("ol", { class: "line-list", reversed: true });
  const empty = h("p", { class: "empty", hidden: true }, t("feed.empty"));
  const hold = h("button", { type: "button", class: "small", "aria-pressed": "false" }, t("feed.hold"));
  const element = h("section", { class: "panel ticker", "aria-labelledby": "ticker-title" }, h("h2", { id: "ticker-title" }, t("feed.title")), hold, list, empty);
  const rows = new Map();
  let isHeld = false;
  let isPointedAt = false;
  let latest = null;
  let spokenSeq = null;
  const draw = (live) => {
    latest = live;
    empty.hidden = live.lines.length > 0;
    list.hidden = !empty.hidden;
    if ((isHeld || isPointedAt) && rows.size) return;
    const { lines } = live;
    const wanted = new Set(lines.map((line) => line.seq));
    // A few new ones light up; where everything is new, nothing has to.
    const isLit = rows.size > 0 && lines.filter((line) => !rows.has(line.seq)).length <= LIT_MAX;
    for (const [seq, row] of rows) if (!wanted.has(seq)) {
      row.remove();
      rows.delete(seq);
    }
    for (const line of lines) if (!rows.has(line.seq)) {
      const row = lineRow(line, isLit);
      rows.set(line.seq, row);
      list.prepend(row);
    }
  };
  hold.onclick = () => {
    isHeld = !isHeld;
    hold.setAttribute("aria-pressed", String(isHeld));
    if (latest) draw(latest);
  };
  for (const kind of ["pointerenter", "focusin"]) list.addEventListener(kind, () => { isPointedAt = true; });
  for (const kind of ["pointerleave", "focusout"]) list.addEventListener(kind, () => { isPointedAt = false; });
  const speaking = setInterval(() => {
    if (latest && !isHeld) spokenSeq = speakOf(latest, spokenSeq);
  }, SPOKEN_EVERY_MS);
  return { element, draw, end: () => clearInterval(speaking) };
}

/** Says how many were assigned since, and the last of them; gives back how far that goes. */
function speakOf({ lines, totals }, since) {
  const last = lines.at(-1);
  if (!last || last.seq === since) return since;
  if (since !== null) {
    announce(t("feed.spoken", { count: Math.max(1, last.seq - since), ticket: last.ticket_id, agent: last.agent_name ?? last.agent_id, waiting: totals.waiting }));
  }
  return last.seq;
}

function lineRow(line, isNew) {
  const ticket = h("button", { type: "button", class: "ask" }, line.ticket_id);
  asksWhy(ticket, line.ticket_id);
  // The daemon gives its reasons in English; others find them, in their language, one press away.
  const why = language().code === "en" ? `: ${line.why}` : "";
  return h("li", { class: "line", "data-new": isNew || null },
    h("time", { datetime: line.at }, clock(line.at)),
    h("span", { class: "line-what" }, ticket, h("span", { class: "arrow", "aria-hidden": "true" }, language().direction === "rtl" ? " ← " : " → "), h("b", {}, line.agent_name ?? line.agent_id)),
    h("span", { class: "line-waited" }, line.waited_ms < 1000 ? t("feed.at-once") : t("feed.waited", { time: spoken(line.waited_ms) })),
    h("span", { class: "line-why" }, `${apart(line.role)}${t("list.comma")}${tCode("channel", line.channel)}${why}`));
}
