// An explanation in sentences of the reader's language, made of what the daemon says for programs: which role and why, where the
// ticket is and what for, who could not take it and why, what comes. The daemon's own `summary` says the same in English.

import { spoken, when } from "../format.js";
import { t, tCode } from "../texts.js";
import { reasonWords } from "./reason.js";

export function sentences(why) {
  const told = [role(why), ...place(why), ...stands(why), staff(why), ...coming(why), ...steps(why), agent(why)];
  return told.filter(Boolean);
}

function stands(why) {
  const told = {
    scheduled: aside("why.aside"), deferred: aside("why.closed"), waiting, unroutable, offered, assigned: owned, paused: owned, resuming: owned,
  }[why.phase];
  return told?.(why) ?? [];
}

function role({ classification: { role: name, by, rule } }) {
  const more = rule && by !== "rule" ? ` ${t("why.rule-too", { rule })}` : "";
  return t(`why.role.${by}`, { role: name ?? "", rule: rule ?? "" }) + more;
}

function place({ queues, waited_ms: waited }) {
  if (!queues?.length) return [];
  return queues.map(({ role: name, position, waiting: count, estimated_wait_ms: estimate }) => {
    const rest = estimate == null ? "" : ` ${t("why.estimate", { time: spoken(estimate) })}`;
    return t("why.place", { time: spoken(waited), position, waiting: count, role: name }) + rest;
  });
}

function waiting({ waits_for: what }) {
  if (!what) return [];
  const until = what.until ? ` ${t("why.until", { time: when(what.until) })}` : "";
  const lacks = what.lacks?.length ? ` ${what.agent_id}${t("list.colon")}${lackWords(what.lacks)}.` : "";
  return [t(`why.waits.${what.code}`, { agent: what.agent_id ?? "" }) + until + lacks];
}

const aside = (text) => ({ not_before: moment }) => (moment ? [t(text, { time: when(moment) })] : []);
const unroutable = ({ cause }) => [t("why.unroutable", { cause: tCode("cause", cause) })];

function offered({ offers }) {
  return (offers ?? []).flatMap(({ agent_id: who, role: name, expires_at: end, reason }) =>
    [t("why.offered", { agent: who, role: name, time: when(end) }), ...reasonWords(who, reason)]);
}

function owned({ phase, assignment }) {
  if (!assignment) return [];
  const { agent_id: who, role: name, assigned_at: since, by_hand: byHand, reason } = assignment;
  const hand = byHand ? [t("why.by-hand")] : [];
  return [t(`why.owned.${phase}`, { agent: who, role: name, time: when(since) }), ...hand, ...reasonWords(who, reason)];
}

/** Nothing is said of others once it has an owner. */
function staff({ phase, considered, eligible, fell_out: fellOut }) {
  // Who is asked tells of the others already.
  if (considered == null || phase === "offered") return null;
  if (considered === 0) return t("why.no-staff");
  return `${t("why.staff", { count: considered })} ${fellOutWords(eligible, fellOut)}.`;
}

export function fellOutWords(eligible, fellOut) {
  const counts = Object.entries(fellOut ?? {}).filter(([, count]) => count > 0);
  const may = eligible > 0 ? [t("fell-out.eligible", { count: eligible })] : [];
  return [...may, ...counts.map(([code, count]) => tCode("fell-out", code, { count }))].join(t("list.comma"));
}

function coming({ coming: list }) {
  return (list ?? []).map(({ code, at, detail }) => t("why.coming", { time: when(at), what: tCode("coming", code, { detail }) }));
}

function steps({ steps: list }) {
  return (list ?? []).filter((it) => it.conditions).map(({ step, from, changes, conditions }) =>
    t("why.step", { step, time: when(from), changes, conditions }));
}

const lackWords = (lacks) => lacks.map(({ code, detail }) => tCode("lack", code) || detail).join(t("list.comma"));

function agent({ agent: about }) {
  if (!about) return null;
  return about.may_take ? t("why.may-take", { agent: about.agent_id }) : `${about.agent_id}${t("list.colon")}${lackWords(about.lacks)}.`;
}
