// What the daemon's lint thinks of an entry while it is written: a dry run, a moment after the last key.

import { send } from "../api.js";
import { h, text } from "../dom.js";
import { t } from "../texts.js";

const PAUSE_MS = 400;

/** `draft` gives what would be asked for as the form stands: its `path` and `body`, or null where there is nothing to look at
 *  yet. `onFindings` hears what was found. */
export function lintPanel(draft, onFindings) {
  const list = h("ul", { class: "findings" });
  const rest = h("details", { class: "fold", hidden: true }, h("summary", { class: "soft" }), h("ul", { class: "findings" }));
  const changes = h("ul", { class: "changes" });
  const element = h("aside", { class: "panel lint", "aria-labelledby": "lint-head" },
    h("h2", { id: "lint-head" }, t("lint.title")), h("div", { "aria-live": "polite" }, list), rest, h("h3", {}, t("lint.changes")), changes);
  let timer = null;
  let turn = 0;
  const show = (findings, differences) => {
    // What has no path is about another entry: it was so before, and can wait.
    const own = findings.filter(({ severity, path }) => severity === "error" || path);
    const others = findings.filter((it) => !own.includes(it));
    list.replaceChildren(...(own.length ? own.map(finding) : [h("li", { class: "good" }, `✓ ${t("lint.clean")}`)]));
    rest.hidden = others.length === 0;
    text(rest.firstElementChild, t("lint.others", { count: others.length }));
    rest.lastElementChild.replaceChildren(...others.map(finding));
    changes.replaceChildren(...(differences.length ? differences.map(difference) : [h("li", { class: "soft" }, t("lint.same"))]));
    onFindings(findings);
  };
  const showNothingYet = () => {
    list.replaceChildren(h("li", { class: "soft" }, t("lint.unnamed")));
    rest.hidden = true;
    changes.replaceChildren(h("li", { class: "soft" }, t("lint.same")));
    onFindings([]);
  };
  const look = async () => {
    const mine = ++turn;
    const asked = draft();
    if (!asked) return showNothingYet();
    try {
      const { findings, differences } = await send("PUT", asked.path, asked.body);
      if (mine === turn) show(findings, differences ?? []);
    } catch (problem) {
      if (mine !== turn) return;
      const found = problem.findings.length ? problem.findings : [{ severity: "error", message: problem.message, path: problem.path }];
      show(found, []);
    }
  };
  return {
    element,
    look,
    soon() {
      clearTimeout(timer);
      timer = setTimeout(look, PAUSE_MS);
    },
    end: () => clearTimeout(timer),
  };
}

function finding({ severity, path, message, expected, help }) {
  const isError = severity === "error";
  return h("li", { class: isError ? "bad" : "warn" }, h("b", {}, `${isError ? "▲" : "◆"} ${t(`lint.${severity}`)}`), " ", path ? h("code", { dir: "ltr" }, path) : null,
    h("p", { dir: "auto" }, message), expected ? h("p", { class: "soft" }, t("lint.expected", { what: expected })) : null, help ? h("p", { class: "soft", dir: "auto" }, help) : null);
}

/** A line of what would be different: which entry, and which of its members, from what to what. */
function difference(it) {
  const word = { added: "+", removed: "−" }[it.change] ?? "~";
  const members = (it.members ?? []).map(({ member, old, new: next }) => `${member}: ${said(old)} → ${said(next)}`);
  return h("li", {}, h("b", {}, `${word} ${it.section} ${it.name ?? ""}`), members.length ? h("ul", {}, members.map((line) => h("li", { dir: "ltr" }, line))) : null);
}

const said = (value) => (value == null ? "–" : typeof value === "string" ? value : JSON.stringify(value));
