// Whether an agent is there, and on which channels: set by itself, or by whoever manages agents.

import { address, send } from "../api.js";
import { h, text } from "../dom.js";
import { doing, outcome } from "../doing.js";
import { may, who } from "../session.js";
import { t, tCode } from "../texts.js";

const STATUSES = ["online", "away", "busy", "draining", "offline"];

export function presencePanel(id, onDone) {
  const place = outcome();
  const mayChange = may("agents.manage") || (who()?.agent_id === id && may("presence.set-own"));
  const set = (button, body, words) => doing(button, place, async () => {
    await send("PUT", address(["agents", id, "presence"]), body);
    await onDone();
  }, words);
  const buttons = new Map(STATUSES.map((status) => {
    const button = h("button", { type: "button", "aria-pressed": "false", onclick: () =>
      set(button, { status }, t("presence.done", { status: t(`status.${status}`) })) }, t(`status.${status}`));
    return [status, button];
  }));
  const channels = h("ul", { class: "chips" });
  const chips = new Map();
  let shown = null;
  /** A channel is on unless the agent has switched it off. */
  const isOn = (channel) => !(shown.channels_off ?? []).includes(channel);
  const chip = (channel) => {
    const [mark, name] = [h("span", {}), tCode("channel", channel)];
    const button = h("button", { type: "button", class: "chip", onclick: () => set(button,
      { status: shown.status_name ?? shown.status, channels: { [channel]: !isOn(channel) } }, t(isOn(channel) ? "presence.off" : "presence.on", { channel: name })) }, mark, name);
    const draw = () => {
      button.setAttribute("aria-pressed", String(isOn(channel)));
      text(mark, isOn(channel) ? "✓ " : "✕ ");
    };
    return { element: h("li", {}, button), draw };
  };
  const element = h("section", { class: "panel", hidden: !mayChange, "aria-labelledby": "presence-head" },
    h("h2", { id: "presence-head" }, t("presence.title")),
    h("div", { class: "segments", role: "group", "aria-labelledby": "presence-head" }, [...buttons.values()]),
    h("h3", { id: "channels-head", class: "soft" }, t("presence.channels")),
    h("div", { role: "group", "aria-labelledby": "channels-head" }, channels), place);
  return {
    element,
    draw(agent) {
      buttons.forEach((button, status) => button.setAttribute("aria-pressed", String(status === agent.status)));
      shown = agent;
      const there = Object.keys(agent.load);
      for (const [channel, { element: gone }] of chips) if (!there.includes(channel)) {
        gone.remove();
        chips.delete(channel);
      }
      for (const channel of there) {
        if (!chips.has(channel)) {
          chips.set(channel, chip(channel));
          channels.append(chips.get(channel).element);
        }
        chips.get(channel).draw();
      }
    },
  };
}
