// What a rule sets of a ticket, in words.

import { h } from "../dom.js";
import { link } from "../router.js";
import { t } from "../texts.js";

const pairs = (table) => Object.entries(table).map(([name, count]) => `${name} ${count}`).join(t("list.comma"));

/** A line for each thing that is set. */
export function setWords(set) {
  const lines = [
    set.role && [t("rule-set.role"), t("list.colon"), h("a", { href: link("roles", set.role) }, set.role)],
    set.split && `${t("rule-set.split")}${t("list.colon")}${pairs(set.split)}`,
    set.priority !== undefined && `${t("rule-set.priority")}${t("list.colon")}${priorityWord(set.priority)}`,
    set.raise_priority > 0 && `${t("rule-set.priority")}${t("list.colon")}+${set.raise_priority}`,
    set.skills && `${t("rule-set.skills")}${t("list.colon")}${Array.isArray(set.skills) ? set.skills.join(t("list.comma")) : pairs(set.skills)}`,
    set.permissions?.length && `${t("rule-set.permissions")}${t("list.colon")}${set.permissions.join(t("list.comma"))}`,
  ].filter(Boolean);
  return lines.length ? h("ul", {}, lines.map((line) => h("li", {}, line))) : "–";
}

const LEVELS = { low: 1, normal: 3, high: 6, urgent: 9 };
const priorityWord = (value) => (value in LEVELS ? t(`priority.${value}`, { level: LEVELS[value] }) : String(value));
