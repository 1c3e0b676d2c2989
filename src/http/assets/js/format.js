// Numbers, shares, times and lengths of time, as people of the language write them.

import { language, t, written } from "./texts.js";

let clockOffsetMs = 0;

/** Learns the daemon's clock from a moment that it has just said. */
export function setClock(moment) {
  clockOffsetMs = Date.parse(moment) - Date.now();
}

/** Now, by the daemon's clock. */
export const now = () => Date.now() + clockOffsetMs;

/** How long ago a moment was, in milliseconds; null where there is none. */
export const ageMs = (moment) => (moment ? Math.max(0, now() - Date.parse(moment)) : null);

export const number = (value) => (value == null ? "–" : written(value));

/** A share in thousandths as whole percents, rounded down: 99.9 % is not 100 %. */
export const percent = (permille) => (permille == null ? "–" : t("percent", { share: Math.floor(permille / 10) }));

/** A length of time in two units at most; `–` for none. */
export function spoken(ms) {
  if (ms == null) return "–";
  const s = Math.floor(ms / 1000);
  const [m, hours, d] = [Math.floor(s / 60), Math.floor(s / 3600), Math.floor(s / 86_400)];
  if (s < 60) return t("duration.s", { s });
  if (m < 10) return t("duration.ms", { m, s: s % 60 });
  if (m < 60) return t("duration.m", { m });
  if (hours < 24) return t("duration.hm", { h: hours, m: m % 60 });
  return t("duration.dh", { d, h: hours % 24 });
}

/** The same without what is nought: `15 min`, `2 h`. */
export function spokenRound(ms) {
  const s = Math.round(ms / 1000);
  if (s === 0) return spoken(0);
  if (s % 3600 === 0) return t("duration.h", { h: s / 3600 });
  return s % 60 === 0 ? t("duration.m", { m: s / 60 }) : spoken(ms);
}

const formats = new Map();
function told(moment, options) {
  const key = language().locale + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(language().locale, options));
  return moment == null ? "–" : formats.get(key).format(new Date(moment));
}

const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

/** `14:05` */
export const clock = (moment) => told(moment, CLOCK);

/** `14:05:09`, with the day where it is another than today, and the year where it is another than this. */
export function when(moment) {
  const [then, today] = [new Date(moment), new Date(now())];
  const day = then.toDateString() === today.toDateString() ? {} : { day: "numeric", month: "short" };
  const year = then.getFullYear() === today.getFullYear() ? {} : { year: "numeric" };
  return told(moment, { ...CLOCK, second: "2-digit", ...day, ...year });
}

/** `25 Nov 2026` */
export const day = (moment) => told(moment, { day: "numeric", month: "short", year: "numeric" });

/** `25 Nov`, by UTC's days. */
export const utcDay = (moment) => told(moment, { day: "numeric", month: "short", timeZone: "UTC" });

/** `25 Nov` */
export const shortDay = (moment) => told(moment, { day: "numeric", month: "short" });
