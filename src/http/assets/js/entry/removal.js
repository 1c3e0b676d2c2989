// Takes an entry out of the catalogue, unless somebody has changed it since it was read.

import { address, ask } from "../api.js";
import { h } from "../dom.js";
import { doing, outcome } from "../doing.js";
import { link } from "../router.js";
import { t } from "../texts.js";
import { ofThisKind } from "./editor.js";

/** A form with the button. `tag` gives the entity tag as it was read; `heir`, where there is one, has an element and a value. */
export function removal(kind, name, tag, place, heir) {
  const button = h("button", { class: "danger" }, t("editor.remove"));
  return h("form", { class: "action", onsubmit: (submit) => {
    submit.preventDefault();
    if (!confirm(t(`editor.${kind.name}.remove-sure`, { name }))) return;
    doing(button, place, async () => {
      try {
        await ask("DELETE", address([kind.part, name], { replaced_by: heir?.value() }), { headers: tag() ? { "If-Match": tag() } : {} });
      } catch (problem) {
        throw ofThisKind(problem, kind);
      }
      location.hash = link(kind.part);
    });
  } }, heir?.element ?? null, button);
}

/** The same as a panel of its own, with what removing it means. */
export function removalPanel(kind, name, tag) {
  const place = outcome();
  return h("section", { class: "panel", "aria-labelledby": "removal-head" }, h("h2", { id: "removal-head" }, t(`editor.${kind.name}.removal`)),
    h("p", { class: "hint" }, t(`editor.${kind.name}.removal-hint`)), removal(kind, name, tag, place), place);
}
