// What is done with a role as a whole: another like it, or none.

import { address, send } from "../api.js";
import { h, labelled } from "../dom.js";
import { doing, outcome } from "../doing.js";
import { removal } from "../entry/removal.js";
import { link } from "../router.js";
import { t } from "../texts.js";
import { roleChoice } from "../ticket/choices.js";
import { ROLE } from "./kind.js";

/** `tag` gives the entity tag of the role as it was read. */
export function wholePanel(name, tag) {
  const place = outcome();
  return h("section", { class: "panel", "aria-labelledby": "whole-head" }, h("h2", { id: "whole-head" }, t("role.whole")),
    cloning(name, place), removing(name, tag, place), place);
}

function cloning(name, place) {
  const field = h("input", { required: true, maxlength: 128, spellcheck: "false" });
  const button = h("button", {}, t("role.clone"));
  return h("form", { class: "action", onsubmit: (submit) => {
    submit.preventDefault();
    doing(button, place, async () => {
      // Two roles of the same ticket types would be told apart by their names alone.
      await send("POST", address(["roles", name, "clone"]), { name: field.value.trim(), ticket_types: [] });
      location.hash = link("roles", field.value.trim());
    });
  } }, labelled(t("role.clone-as"), field, t("role.clone-hint")), button);
}

function removing(name, tag, place) {
  const heir = roleChoice(false);
  return removal(ROLE, name, tag, place, { element: labelled(t("role.heir"), heir.element, t("role.heir-hint")), value: heir.value });
}
