// How a period went: waits, volume, service level and occupancy over time, and by role, channel and agent.

import { address, get } from "../api.js";
import { h } from "../dom.js";
import { day } from "../format.js";
import { t } from "../texts.js";
import { filters } from "./filters.js";
import { plotsOf } from "./plots.js";
import { sumsTable } from "./sums.js";
import { csvLink } from "./csv.js";

export async function reportsPage(main) {
  main.className = "reports";
  const results = h("div", { class: "report" });
  const period = h("p", { class: "soft", role: "status" });
  let turn = 0;
  const load = async (query) => {
    const mine = ++turn;
    results.setAttribute("aria-busy", "true");
    try {
      const of = (by) => get(address(["reports"], { ...query, by }));
      const [series, roles, channels, agents] = await Promise.all([of(query.by), of("role"), of("channel"), of("agent")]);
      if (mine !== turn) return;
      period.textContent = t("report.period", { from: day(series.from), to: day(Date.parse(series.to) - 1) });
      results.replaceChildren(...plotsOf(series, query),
        sums("role", roles, query), sums("channel", channels, query), sums("agent", agents, query));
    } catch (problem) {
      if (mine === turn) results.replaceChildren(h("p", { class: "problem" }, problem.message));
    } finally {
      if (mine === turn) results.removeAttribute("aria-busy");
    }
  };
  const form = filters(load);
  main.append(h("header", { class: "page-head" }, h("h1", {}, t("nav.reports")), period), form.element, results);
  await load(form.query());
}

function sums(by, report, query) {
  const title = t(`report.by.${by}`);
  return h("section", { class: "panel wide", "aria-label": title },
    h("header", { class: "panel-head" }, h("h2", {}, title), csvLink({ ...query, by })), sumsTable(title, by, report.rows));
}
