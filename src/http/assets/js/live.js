// The state of the house as the stream tells it: one stream, whichever page is open.

import { setClock } from "./format.js";
import { may } from "./session.js";
import { follow } from "./stream.js";

const LINES_MAX = 25;

export const live = { roles: new Map(), agents: new Map(), lines: [], channels: [], totals: null, strip: null, todaySince: null };
const listeners = new Set();
let ending = null;
let link = "none";

/** Calls back at each change of the state or of the connection; gives back what ends that. */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** `none`, `connecting`, `live`, `lost`, or `gone` where one may not follow any more. */
export const linkState = () => link;

function tell(news) {
  for (const listener of listeners) listener(news);
}

function setLink(state) {
  if (link === state) return;
  link = state;
  tell(null);
}

/** Begins to follow, where one may; `otherwise` is the state of the link where one may not. */
export function begin(otherwise = "none") {
  end();
  if (!may("reports.view")) return setLink(otherwise);
  setLink("connecting");
  ending = new AbortController();
  follow({
    signal: ending.signal,
    onLink: setLink,
    onEvent: take,
    onRefused: (problem) => {
      if (problem.status === 401) return document.dispatchEvent(new CustomEvent("session-ended", { detail: problem.message }));
      setLink("lost");
      document.dispatchEvent(new CustomEvent("stream-refused"));
    },
  });
}

/** Ends it, and forgets. */
export function end() {
  ending?.abort();
  ending = null;
  link = "none";
  clear();
  live.totals = null;
}

function clear() {
  live.roles.clear();
  live.agents.clear();
  live.lines = [];
}

function take(kind, news) {
  if (kind !== "snapshot" && kind !== "change") return;
  setClock(news.at);
  if (kind === "snapshot") clear();
  live.totals = news.totals;
  live.channels = news.channels;
  live.strip = news.strip;
  live.todaySince = news.today_since;
  for (const role of news.roles) live.roles.set(role.role, role);
  for (const name of news.roles_gone ?? []) live.roles.delete(name);
  for (const agent of news.agents) {
    if (agent.status === "offline") live.agents.delete(agent.agent_id);
    else live.agents.set(agent.agent_id, agent);
  }
  for (const id of news.agents_gone ?? []) live.agents.delete(id);
  const known = live.lines.at(-1)?.seq ?? 0;
  live.lines.push(...news.latest.filter((line) => line.seq > known));
  live.lines = live.lines.slice(-LINES_MAX);
  tell({ kind, news });
}
