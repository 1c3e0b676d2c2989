// Registers an agent by hand.

import { address, send } from "../api.js";
import { h, labelled } from "../dom.js";
import { doing, outcome } from "../doing.js";
import { link } from "../router.js";
import { t } from "../texts.js";
import { roleChoice } from "../ticket/choices.js";

export function newAgent() {
  const id = h("input", { required: true, maxlength: 128, spellcheck: "false" });
  const name = h("input", { maxlength: 256 });
  const role = roleChoice();
  const place = outcome();
  const button = h("button", { class: "primary" }, t("agents.register"));
  const submit = (event) => {
    event.preventDefault();
    doing(button, place, async () => {
      const body = { roles: [role.value()], ...(name.value.trim() ? { name: name.value.trim() } : {}) };
      await send("PUT", address(["agents", id.value.trim()]), body);
      location.hash = link("agents", id.value.trim());
    });
  };
  return h("details", { class: "panel fold" }, h("summary", {}, t("agents.new")),
    h("form", { class: "grid-form", onsubmit: submit },
      labelled(t("agents.id"), id), labelled(t("agents.name"), name), labelled(t("agents.first-role"), role.element), button), place);
}
