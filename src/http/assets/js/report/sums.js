// Sums of a period, by role, channel or agent.

import { h, table } from "../dom.js";
import { number, percent, spoken } from "../format.js";
import { t } from "../texts.js";

const COLUMNS = {
  role: ["arrived", "assigned", "abandoned", "transferred", "offers_missed", "wait_median_ms", "wait_p90_ms", "wait_p99_ms", "handle_mean_ms", "service_level_permille", "service_target_permille"],
  channel: ["arrived", "assigned", "abandoned", "transferred", "offers_missed", "wait_median_ms", "wait_p90_ms", "handle_mean_ms", "service_level_permille"],
  agent: ["assigned", "completed", "transferred", "returned", "offers_missed", "offers_declined", "handle_mean_ms", "occupancy_permille", "online_ms"],
};

export function sumsTable(title, by, rows) {
  const seen = rows.filter((row) => row.of !== "");
  if (!seen.length) return h("p", { class: "empty" }, t("report.nothing"));
  return table(title, [t(`report.of.${by}`), ...COLUMNS[by].map((it) => t(`column.${it}`))],
    seen.map((row) => [row.of, ...COLUMNS[by].map((member) => cell(member, row))]));
}

function cell(member, row) {
  const value = row[member];
  if (value == null) return "–";
  if (member.endsWith("_ms")) return spoken(value);
  if (!member.endsWith("_permille")) return number(value);
  const isMissed = member === "service_level_permille" && row.service_target_permille != null && value < row.service_target_permille;
  return isMissed ? h("b", { class: "missed" }, `▼ ${percent(value)}`) : percent(value);
}
