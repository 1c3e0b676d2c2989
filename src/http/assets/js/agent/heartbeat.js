// While an agent is in, on whichever page, it is alive: what `agents.heartbeat_timeout` listens for.

import { address, send } from "../api.js";
import { may, who } from "../session.js";

const PERIOD_MS = 20_000; // A hidden page's clock may turn once a minute, as browsers have it.

let timer = null;

export function beginBeating() {
  endBeating();
  const id = who().agent_id;
  if (id == null || !may("presence.set-own", "agents.manage")) return;
  // What goes wrong is seen on the page, and the next one comes soon.
  const beat = () => send("POST", address(["agents", id, "heartbeat"]), {}).catch(() => {});
  beat();
  timer = setInterval(beat, PERIOD_MS);
}

export function endBeating() {
  clearInterval(timer);
}
