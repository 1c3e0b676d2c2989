// What an agent holds; on its own desk with what it can do about each, because an offer does not wait for a way through pages.
// A ticket keeps its row for as long as it is held, and new ones come below: nothing moves under the pointer but what has to.

import { address, send } from "../api.js";
import { h, table, tableRow, text } from "../dom.js";
import { doing, outcome } from "../doing.js";
import { link } from "../router.js";
import { may, who } from "../session.js";
import { shutForAMoment } from "../shut.js";
import { t, tCode } from "../texts.js";

const ACTIONS = { offered: ["accept", "decline"], assigned: ["complete"], paused: ["resume"], wrap_up: [] };

export function heldPanel(id, onDone) {
  const isOwn = who()?.agent_id === id && may("work.do-own");
  const place = outcome();
  const heads = ["ticket", "how", "channel", ...(isOwn ? ["do"] : [])].map((it) => t(`agent.holds.${it}`));
  const list = table(t("agent.holds"), heads, [], { hidden: true });
  const body = list.querySelector("tbody");
  const empty = h("p", { class: "empty", hidden: true }, t("agent.holds-none"));
  const element = h("section", { class: "panel", tabindex: "-1", "aria-labelledby": "held-head" },
    h("h2", { id: "held-head" }, t("agent.holds")), list, empty, place, isOwn ? claiming(id, place, onDone) : null);
  const button = (ticket, name) => {
    const it = h("button", { type: "button", class: "small", "aria-label": `${t(`actions.${name}`)} ${ticket}`, onclick: () => doing(it, place, async () => {
      await send("POST", address(["tickets", ticket, name]), ["accept", "decline"].includes(name) ? { agent_id: id } : {});
      await onDone();
    }, t(`actions.${name}.done`)) }, t(`actions.${name}`));
    return it;
  };
  const rows = new Map();
  let isFirst = true;
  return {
    element,
    draw({ held }) {
      const focusAt = [...rows.values()].findIndex((row) => row.element.contains(document.activeElement));
      const moved = takeOut(rows, new Set(held.map((it) => it.ticket_id)));
      for (const it of held) {
        const row = rows.get(it.ticket_id) ?? heldRow(it, isOwn, button);
        if (!row.element.parentElement) body.append(row.element);
        rows.set(it.ticket_id, row);
        if (row.draw(it)) moved.add(row);
      }
      list.hidden = rows.size === 0;
      empty.hidden = rows.size > 0;
      if (!isFirst) moved.forEach((row) => shutForAMoment(row.element));
      isFirst = false;
      if (focusAt >= 0 && !body.contains(document.activeElement)) focusOn([...rows.values()].at(Math.min(focusAt, rows.size - 1)), element);
    },
  };
}

/** Takes out the rows of all other tickets; gives back those that move up by it. */
function takeOut(rows, tickets) {
  const moved = new Set();
  let isBelow = false;
  for (const [ticket, row] of rows) {
    if (tickets.has(ticket)) {
      if (isBelow) moved.add(row);
      continue;
    }
    isBelow = true;
    row.element.remove();
    rows.delete(ticket);
  }
  return moved;
}

/** The focus goes on to what stands where it was. */
function focusOn(row, panel) {
  const next = row?.element.querySelector("button") ?? row?.element.querySelector("a") ?? panel;
  next.focus({ preventScroll: true });
}

/** A ticket's row; `draw` says whether it has other buttons than before. */
function heldRow({ ticket_id: ticket }, isOwn, button) {
  const [how, channel, actions] = [h("span", {}), h("span", {}), h("span", { class: "row-actions" })];
  let drawnFor = null;
  return {
    element: tableRow([h("a", { href: link("tickets", ticket) }, ticket), how, channel, ...(isOwn ? [actions] : [])]),
    draw(held) {
      text(how, t(`held-as.${held.held_as}`));
      text(channel, held.channel ? tCode("channel", held.channel) : "–");
      if (drawnFor === held.held_as) return false;
      drawnFor = held.held_as;
      actions.replaceChildren(...ACTIONS[held.held_as].map((name) => button(ticket, name)));
      return true;
    },
  };
}

/** Asks for the best ticket that one may take. */
function claiming(id, place, onDone) {
  const button = h("button", { type: "button", class: "primary", onclick: () => doing(button, place, async () => {
    await send("POST", address(["agents", id, "claim"]), {});
    await onDone();
  }, t("agent.claimed")) }, t("agent.claim"));
  return h("div", { class: "actions" }, button);
}
