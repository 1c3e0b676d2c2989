// A ticket made by hand, to see where it goes.

import { address, send } from "../api.js";
import { choice, h, labelled } from "../dom.js";
import { doing, outcome } from "../doing.js";
import { link } from "../router.js";
import { t } from "../texts.js";
import { channelChoice, roleChoice } from "./choices.js";

export function newTicket(onMade) {
  const fields = { ticket_id: text(), type: text(), channel: channelChoice(), subject: text() };
  fields.channel.input.value = "task";
  const role = roleChoice(false);
  const priority = choice(["low", "normal", "high", "urgent"].map((it) => [it, t(`priority.${it}`, { level: { low: 1, normal: 3, high: 6, urgent: 9 }[it] })]), "normal");
  const place = outcome();
  const made = h("p", { role: "status" });
  const button = h("button", { class: "primary" }, t("create.button"));
  const submit = (event) => {
    event.preventDefault();
    const body = { priority: priority.value, role: role.value() };
    for (const [name, field] of Object.entries(fields)) body[name] = field.element ? field.value() : field.value.trim();
    for (const name of Object.keys(body)) if (body[name] === "") delete body[name];
    doing(button, place, async () => {
      const done = await send("POST", address(["tickets"]), body);
      made.replaceChildren(h("a", { href: link("tickets", done.ticket_id) }, t("create.done", { ticket: done.ticket_id })));
      onMade();
    });
  };
  return h("details", { class: "panel fold" }, h("summary", {}, t("create.title")),
    h("form", { class: "grid-form", onsubmit: submit },
      Object.entries(fields).map(([name, field]) => labelled(t(`create.${name}`), field.element ?? field)),
      labelled(t("create.role"), role.element), labelled(t("create.priority"), priority), button), place, made);
}

const text = (value = "") => h("input", { value, maxlength: 128, spellcheck: "false" });
