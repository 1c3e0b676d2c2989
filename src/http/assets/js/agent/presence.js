// Whether an agent is there, and on which channels: set by itself, or by whoever manages agents.

import { address, send } from "../api.js";
import { h } from "../dom.js";
import { doing, outcome } from "../doing.js";
import { may, who } from "../session.js";
import { t } from "../texts.js";

const STATUSES = ["online", "away", "busy", "draining", "offline"];

export function presencePanel(id, onDone) {
  const place = outcome();
  const mayChange = may("agents.manage") || (who()?.agent_id === id && may("presence.set-own"));
  const buttons = new Map(STATUSES.map((status) => {
    const button = h("button", { type: "button", "aria-pressed": "false", onclick: () => doing(button, place, async () => {
      await send("PUT", address(["agents", id, "presence"]), { status });
      onDone();
    }, t("presence.done", { status: t(`status.${status}`) })) }, t(`status.${status}`));
    return [status, button];
  }));
  const element = h("section", { class: "panel", hidden: !mayChange, "aria-labelledby": "presence-head" },
    h("h2", { id: "presence-head" }, t("presence.title")),
    h("div", { class: "segments", role: "group", "aria-labelledby": "presence-head" }, [...buttons.values()]), place);
  return {
    element,
    draw: (agent) => buttons.forEach((button, status) => button.setAttribute("aria-pressed", String(status === agent.status))),
  };
}
