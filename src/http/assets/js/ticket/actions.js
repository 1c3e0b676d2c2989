// What can be done to a ticket by whoever looks at it: all of it with `tickets.manage`, an agent's own work with `work.do-own`.

import { address, send } from "../api.js";
import { choice, h, labelled } from "../dom.js";
import { doing, outcome } from "../doing.js";
import { may, who } from "../session.js";
import { shutForAMoment } from "../shut.js";
import { t } from "../texts.js";
import { agentChoice, roleChoice } from "./choices.js";

/** In which stages an action has a meaning. */
const STAGES = {
  accept: ["offered"], decline: ["offered"], complete: ["assigned", "paused"], pause: ["assigned"], resume: ["paused"],
  release: ["assigned", "paused", "offered"], transfer: ["assigned", "paused", "waiting", "unroutable", "offered", "scheduled"],
  assign: ["waiting", "unroutable", "offered", "assigned", "paused", "scheduled"],
  raise: ["waiting", "unroutable", "offered", "scheduled", "assigned", "paused"],
  cancel: ["waiting", "unroutable", "offered", "assigned", "paused", "scheduled"],
};
const PRIORITIES = [["urgent", 9], ["high", 6], ["normal", 3], ["low", 1]];

export function actionsPanel(id, onDone) {
  const place = outcome();
  const box = h("div", { class: "actions" });
  let stage = null;
  const act = (name, body, button, method = "POST") => {
    const path = method === "PATCH" ? address(["tickets", id]) : address(["tickets", id, name]);
    return doing(button, place, async () => {
      await send(method, path, body());
      await onDone();
    }, t(done(name, stage)));
  };
  const element = h("section", { class: "panel", hidden: true, "aria-labelledby": "actions-head" }, h("h2", { id: "actions-head" }, t("actions.title")), box, place);
  let drawnFor = null;
  /** Forms stay as they are filled in, whatever comes and goes beside them. */
  const forms = new Map(Object.keys(FORMS).map((name) => [name, FORMS[name](act)]));
  return {
    element,
    draw(card) {
      const names = card ? allowed(card) : [];
      stage = card?.stage;
      const key = `${names.join()}|${card?.agent_id}`;
      if (key === drawnFor) return;
      const isFirst = drawnFor === null;
      drawnFor = key;
      const focused = box.contains(document.activeElement) ? document.activeElement : null;
      element.hidden = names.length === 0;
      box.replaceChildren(...names.map((name) => forms.get(name) ?? plain(name, act, card)));
      if (isFirst) return;
      shutForAMoment(box);
      if (focused) focusAgain(focused, box);
    },
  };
}

/** What is owned keeps the priority with which it was given for as long as it is. */
const done = (name, stage) => (name === "raise" && ["assigned", "paused"].includes(stage) ? "actions.raise.later" : `actions.${name}.done`);

/** Gives the focus back to what had it, or to the first that can be done now. */
function focusAgain(focused, box) {
  const next = box.contains(focused) ? focused : box.querySelector("button") ?? document.getElementById("page");
  next.focus({ preventScroll: true });
}

/** What may be done to this ticket now, by whoever is here. */
function allowed(card) {
  const isOwn = who()?.agent_id != null && who().agent_id === card.agent_id && may("work.do-own");
  const names = may("tickets.manage") ? ["raise", "assign", "transfer", "release", "cancel"] : [];
  const own = isOwn ? ["accept", "decline", "complete", "pause", "resume", "transfer", "release"] : [];
  return [...new Set([...own, ...names])].filter((name) => STAGES[name].includes(card.stage));
}

/** A button without further questions; what can't be taken back asks once. */
function plain(name, act, card) {
  const body = () => (["accept", "decline"].includes(name) ? { agent_id: card.agent_id } : {});
  const isFinal = name === "cancel";
  const button = h("button", { type: "button", class: isFinal ? "danger" : null, onclick: () => {
    if (isFinal && !confirm(t("actions.cancel.sure"))) return;
    act(name, body, button);
  } }, t(`actions.${name}`));
  return button;
}

function form(name, act, control, label, body, method) {
  const button = h("button", {}, t(`actions.${name}`));
  return h("form", { class: "action", onsubmit: (submit) => {
    submit.preventDefault();
    act(name, body, button, method);
  } }, labelled(label, control), button);
}

const FORMS = {
  raise(act) {
    const priority = choice(PRIORITIES.map(([word, level]) => [word, t(`priority.${word}`, { level })]), "high");
    return form("raise", act, priority, t("actions.raise.to"), () => ({ priority: priority.value }), "PATCH");
  },
  assign(act) {
    const agent = agentChoice();
    return form("assign", act, agent.element, t("actions.assign.to"), () => ({ agent_id: agent.value() }));
  },
  transfer(act) {
    const kind = choice([["role", t("actions.transfer.role")], ["agent", t("actions.transfer.agent")]], "role", { "aria-label": t("actions.transfer.kind") });
    const [role, agent] = [roleChoice(), agentChoice()];
    const target = h("span", { class: "swap" }, kind, role.element);
    kind.onchange = () => target.lastElementChild.replaceWith(kind.value === "role" ? role.element : agent.element);
    const button = h("button", {}, t("actions.transfer"));
    return h("form", { class: "action", onsubmit: (submit) => {
      submit.preventDefault();
      act("transfer", () => (kind.value === "role" ? { to_role: role.value() } : { to_agent: agent.value() }), button);
    } }, h("p", { class: "field" }, h("span", { class: "label" }, t("actions.transfer.to")), target), button);
  },
};
