// How a role is doing: good, warn or bad, in a word beside the colour.

import { ageMs } from "../format.js";
import { t } from "../texts.js";

const AT_RISK = 0.75; // Share of the target from which a wait is said to be at risk.

/** The mood, its word, and which share of the target the longest wait has used up. */
export function moodOf(role) {
  const waited = ageMs(role.oldest_created_at) ?? 0;
  const share = role.answer_within_ms ? waited / role.answer_within_ms : 0;
  if (role.waiting_breached > 0) return { mood: "bad", word: t("mood.late", { count: role.waiting_breached }), share };
  const nobody = role.staff.online === 0;
  if (role.waiting > 0 && nobody) return { mood: "bad", word: t("mood.nobody"), share };
  if (role.waiting_at_risk > 0 || share >= AT_RISK) return { mood: "warn", word: t("mood.soon-late"), share };
  if (nobody && role.staff.away + role.staff.busy + role.staff.draining + role.staff.offline > 0) return { mood: "warn", word: t("mood.unmanned"), share };
  return { mood: "good", word: role.waiting ? t("mood.on-time") : t("mood.clear"), share };
}

/** Agents who are there and take nothing. */
export const absent = (staff) => staff.away + staff.busy + staff.draining;
