// What an agent holds; on its own desk with what it can do about each, because an offer does not wait for a way through pages.

import { address, send } from "../api.js";
import { h, table } from "../dom.js";
import { doing, outcome } from "../doing.js";
import { link } from "../router.js";
import { may, who } from "../session.js";
import { t, tCode } from "../texts.js";

const ACTIONS = { offered: ["accept", "decline"], assigned: ["complete"], paused: ["resume"], wrap_up: [] };

export function heldPanel(id, onDone) {
  const isOwn = who()?.agent_id === id && may("work.do-own");
  const place = outcome();
  const box = h("div", {});
  const element = h("section", { class: "panel", "aria-labelledby": "held-head" },
    h("h2", { id: "held-head" }, t("agent.holds")), box, place, isOwn ? claiming(id, place, onDone) : null);
  const button = (ticket, name) => {
    const it = h("button", { type: "button", class: "small", "aria-label": `${t(`actions.${name}`)} ${ticket}`, onclick: () => doing(it, place, async () => {
      await send("POST", address(["tickets", ticket, name]), ["accept", "decline"].includes(name) ? { agent_id: id } : {});
      onDone();
    }, t(`actions.${name}.done`)) }, t(`actions.${name}`));
    return it;
  };
  const row = (held) => [
    h("a", { href: link("tickets", held.ticket_id) }, held.ticket_id), t(`held-as.${held.held_as}`), held.channel ? tCode("channel", held.channel) : "–",
    ...(isOwn ? [h("span", { class: "row-actions" }, ACTIONS[held.held_as].map((name) => button(held.ticket_id, name)))] : []),
  ];
  const heads = ["ticket", "how", "channel", ...(isOwn ? ["do"] : [])].map((it) => t(`agent.holds.${it}`));
  return {
    element,
    draw: ({ held }) => box.replaceChildren(held.length ? table(t("agent.holds"), heads, held.map(row)) : h("p", { class: "empty" }, t("agent.holds-none"))),
  };
}

/** Asks for the best ticket that one may take. */
function claiming(id, place, onDone) {
  const button = h("button", { type: "button", class: "primary", onclick: () => doing(button, place, async () => {
    await send("POST", address(["agents", id, "claim"]), {});
    onDone();
  }, t("agent.claimed")) }, t("agent.claim"));
  return h("div", { class: "actions" }, button);
}
