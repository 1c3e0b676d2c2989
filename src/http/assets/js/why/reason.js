// Why that agent: what brought the two together, by which measure it won over whom, who fell out.

import { when } from "../format.js";
import { t, tCode } from "../texts.js";
import { fellOutWords } from "./sentences.js";

const ALONE = new Set(["directed", "last_agent", "claimed", "taken"]); // Nobody else was considered.

export function reasonWords(agent, reason) {
  if (!reason) return [t("reason.none")];
  const { trigger, strategy, considered, eligible, fell_out: fellOut, value, runner_up: second } = reason;
  const because = t("reason.because", { agent, trigger: tCode("trigger", trigger) });
  if (ALONE.has(trigger)) return [because];
  const out = Object.values(fellOut ?? {}).some((count) => count > 0) ? ` ${t("reason.out", { who: fellOutWords(0, fellOut) })}` : "";
  const count = t("reason.considered", { count: considered, eligible }) + out;
  const winner = strategy === "ring_all" ? t("reason.first-asked") : agent;
  const rival = second ? ` ${t("reason.before", { agent: second.agent_id, measure: measure(strategy, second.value) })}` : "";
  return [because, count, t("reason.by", { strategy: tCode("strategy", strategy), agent: winner, measure: measure(strategy, value) }) + rival];
}

/** A strategy's measure in words. */
function measure(strategy, value) {
  if (strategy === "longest_idle" || strategy === "ring_all") return t("measure.longest_idle", { time: when(value) });
  if (strategy === "round_robin" && value === 0) return t("measure.never");
  return tCode("measure", strategy, { count: Math.abs(value) });
}
