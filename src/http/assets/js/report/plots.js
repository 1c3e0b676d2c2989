// The plots over time, each with its table beside it.

import { h, table } from "../dom.js";
import { clock, number, percent, shortDay, spoken, spokenRound, utcDay } from "../format.js";
import { t } from "../texts.js";
import { csvLink } from "./csv.js";
import { plot } from "./plot.js";

const PLOTS = [
  { key: "waits", unit: spoken, axis: spokenRound, lines: [["wait_median_ms", "solid"], ["wait_p90_ms", "dashed"], ["wait_p99_ms", "dotted"]] },
  { key: "volume", unit: number, bars: "arrived", lines: [["assigned", "solid"], ["abandoned", "dashed"]] },
  { key: "level", unit: percent, peak: 1000, lines: [["service_level_permille", "solid"], ["service_target_permille", "dashed"]] },
  { key: "occupancy", unit: percent, peak: 1000, lines: [["occupancy_permille", "solid"]] },
];

/** `series` is a report by hour or by day; hours and days in which nothing happened are put in. */
export function plotsOf(series, { by, ...query }) {
  const rows = whole(series, by);
  // An hour is one everywhere; the days are UTC's, and by a clock west of it they would bear the name of the day before.
  const label = by === "hour" ? (row) => clock(row.of) : (row) => utcDay(row.of);
  return PLOTS.map((it) => {
    const title = t(`plot.${it.key}`);
    const members = [...(it.bars ? [it.bars] : []), ...it.lines.map(([member]) => member)];
    const heads = [t(`plot.${by}`), ...members.map((member) => t(`column.${member}`))];
    const full = by === "hour" ? (row) => `${shortDay(row.of)} ${clock(row.of)}` : label;
    const seen = rows.filter((row) => members.some((member) => row[member] != null && row[member] !== 0));
    const cells = seen.map((row) => [full(row), ...members.map((member) => (row[member] == null ? "–" : it.unit(row[member])))]);
    return h("section", { class: "panel plot-panel", "aria-label": title },
      h("header", { class: "panel-head" }, h("h2", {}, title), csvLink({ ...query, by })),
      h("div", { class: "plot-and-table" }, plot(it, title, rows, label), table(title, heads, cells.reverse())));
  });
}

const STEPS = { hour: 3_600_000, day: 86_400_000 };

/** A row for each hour or day of the period. */
function whole({ from, to, rows }, by) {
  const known = new Map(rows.map((row) => [Date.parse(row.of), row]));
  const step = STEPS[by];
  const first = Math.floor(Date.parse(from) / step) * step;
  const count = Math.min(1_500, Math.ceil((Date.parse(to) - first) / step));
  return Array.from({ length: count }, (_, place) => {
    const at = first + place * step;
    return known.get(at) ?? { of: new Date(at).toISOString(), arrived: 0, assigned: 0, abandoned: 0 };
  });
}
