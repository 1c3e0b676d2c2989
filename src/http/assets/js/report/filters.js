// Which period, and of what.

import { choice, h, labelled } from "../dom.js";
import { now } from "../format.js";
import { t } from "../texts.js";
import { agentChoice, channelChoice, roleChoice } from "../ticket/choices.js";

const DAY_MS = 86_400_000;
const BY_HOUR_MAX_DAYS = 3;
const PERIODS = [["1", 1], ["7", 7], ["30", 30], ["90", 90]];

/** `onChange` hears the query of the API, `by` being `hour` or `day`. */
export function filters(onChange) {
  const period = choice([...PERIODS.map(([value, count]) => [value, t("report.days", { count })]), ["own", t("report.own-period")]], "1");
  const [from, to] = [h("input", { type: "date" }), h("input", { type: "date" })];
  const [role, channel, agent] = [roleChoice(false), channelChoice(false), agentChoice(false)];
  const own = [labelled(t("report.from"), from), labelled(t("report.to"), to)];
  const query = () => ({ ...span(period.value, from.value, to.value), role: role.value(), channel: channel.value(), agent: agent.value() });
  const draw = () => own.forEach((field) => { field.hidden = period.value !== "own"; });
  const element = h("form", { class: "filters", "aria-label": t("filter.title"), onsubmit: (submit) => { submit.preventDefault(); onChange(query()); }, onchange: () => { draw(); onChange(query()); } },
    labelled(t("report.length"), period), own, labelled(t("report.role"), role.element), labelled(t("report.channel"), channel.element), labelled(t("report.agent"), agent.element), h("button", {}, t("filter.show")));
  draw();
  return { element, query };
}

function span(period, from, to) {
  if (period !== "own") {
    const days = Number(period);
    return { from: new Date(now() - days * DAY_MS).toISOString(), to: new Date(now()).toISOString(), by: days <= BY_HOUR_MAX_DAYS ? "hour" : "day" };
  }
  const begin = from ? midnight(from) : now() - DAY_MS;
  const end = Math.max(begin + 1, to ? midnight(to, 1) : now());
  return { from: new Date(begin).toISOString(), to: new Date(end).toISOString(), by: Math.round((end - begin) / DAY_MS) <= BY_HOUR_MAX_DAYS ? "hour" : "day" };
}

/** The midnight, by the reader's clock, with which a day begins, or one so many days later: a day may have 23 or 25 hours. */
function midnight(day, later = 0) {
  const moment = new Date(`${day}T00:00:00`);
  moment.setDate(moment.getDate() + later);
  return moment.getTime();
}
