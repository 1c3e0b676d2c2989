// A rule: the form with the lint beside it, where it stands among the others, and what the rules would do with a ticket.

import { address, get } from "../api.js";
import { choice, labelled } from "../dom.js";
import { editorPage } from "../entry/editor.js";
import { removalPanel } from "../entry/removal.js";
import { may } from "../session.js";
import { t } from "../texts.js";
import { dryRunPanel } from "./dry_run.js";
import { RULE } from "./kind.js";

export const rulePage = (main, name) => editorPage(main, RULE, name, async ({ isNew, mayWrite, tag }) => {
  const dryRun = may("rules.manage", "tickets.manage") ? dryRunPanel(() => {}) : null;
  return {
    placing: mayWrite ? await placing(name, isNew) : null,
    panels: [dryRun, !isNew && mayWrite ? removalPanel(RULE, name, tag) : null].filter(Boolean),
  };
});

/** Before which other rule it is tried. */
async function placing(name, isNew) {
  const { entries } = await get(address(["rules"])).catch(() => ({ entries: [] }));
  const others = entries.filter((rule) => rule.name !== name);
  const list = choice([["", t(isNew ? "rule-place.last" : "rule-place.stays")], ...others.map((rule) => [rule.name, t("rule-place.before", { name: rule.name })])], "");
  return { element: labelled(t("rule-place.title"), list), query: () => (list.value ? { before: list.value } : {}), reset: () => { list.value = ""; } };
}
