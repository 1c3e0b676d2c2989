// The five figures over all roles, and the alarm of what nobody could ever take.

import { h, text } from "../dom.js";
import { ageMs, clock, number, percent, spoken } from "../format.js";
import { t } from "../texts.js";
import { asksWhy } from "../why/dialog.js";
import { absent, moodOf } from "./mood.js";

const NAMES = ["waiting", "longest", "level", "work", "room"];

export function figuresPanel() {
  const figures = {};
  for (const name of NAMES) {
    const value = h("span", { class: "figure-value" }, "–");
    const note = h(name === "longest" ? "button" : "span", { class: name === "longest" ? "figure-note ask" : "figure-note", type: name === "longest" ? "button" : null });
    figures[name] = { value, note, element: h("div", { class: "figure" }, h("span", { class: "figure-name" }, t(`figure.${name}`)), value, note) };
  }
  const alarm = h("span", {});
  const alarmBox = h("p", { class: "alarm", hidden: true }, h("span", { "aria-hidden": "true" }, "▲ "), alarm);
  const element = h("div", { class: "head" },
    h("section", { class: "figures", "aria-label": t("figure.all") }, NAMES.map((name) => figures[name].element)), alarmBox);
  const drawAges = (live) => drawFigures(figures, live);
  return {
    element,
    drawAges,
    draw(live) {
      drawAges(live);
      alarmBox.hidden = live.totals.unroutable === 0;
      text(alarm, t("figure.unroutable", { count: live.totals.unroutable }));
    },
  };
}

function put(figure, value, note, mood) {
  text(figure.value, value);
  text(figure.note, note);
  if (figure.element.dataset.mood !== mood) figure.element.dataset.mood = mood;
}

function drawFigures(figures, { totals, roles, todaySince }) {
  const all = [...roles.values()];
  const moods = all.map((role) => moodOf(role).mood);
  const worst = moods.includes("bad") ? "bad" : moods.includes("warn") ? "warn" : "";
  const late = all.reduce((sum, role) => sum + role.waiting_breached, 0);
  const { staff, today } = totals;
  const room = staff.idle + staff.some_room;
  const scheduled = totals.scheduled ? t("figure.scheduled", { count: totals.scheduled }) : t("figure.none-late");
  put(figures.waiting, number(totals.waiting), late ? t("figure.late", { count: late }) : scheduled, late ? "bad" : "");
  const longest = all.filter((role) => role.oldest_created_at)
    .reduce((oldest, role) => (!oldest || role.oldest_created_at < oldest.oldest_created_at ? role : oldest), null);
  const who = longest ? t("figure.longest-in", { ticket: longest.oldest_ticket_id, role: longest.role }) : t("figure.nobody");
  put(figures.longest, spoken(ageMs(totals.oldest_created_at)), who, totals.waiting ? worst : "");
  asksWhy(figures.longest.note, longest?.oldest_ticket_id);
  put(figures.level, percent(totals.service_level_permille), t("figure.since", { time: clock(todaySince), count: today.abandoned }), "");
  const work = [totals.offered && t("figure.ringing", { count: totals.offered }), totals.paused && t("figure.paused", { count: totals.paused }), t("figure.done", { count: today.completed })];
  put(figures.work, number(totals.assigned), work.filter(Boolean).join(t("list.comma")), "");
  put(figures.room, number(room), t("figure.of-online", { count: staff.online, away: absent(staff) }), totals.waiting && room === 0 ? "warn" : "");
}
