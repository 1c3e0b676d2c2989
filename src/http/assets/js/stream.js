// The stream of server-sent events, taken up again wherever it breaks off. Read with fetch and not with EventSource, which
// can send no Authorization header, and a token does not belong into an address.

import { Problem, address } from "./api.js";
import { credentials } from "./session.js";

const SILENCE_MAX_MS = 15_000; // The daemon says something every 5 s.
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 10_000;

/** Reads until `signal` ends it. `onEvent(kind, data)` for each event, `onLink("live" | "lost")` as the connection goes: it stands
 *  when it is answered, also where nothing has happened that could be told. */
export async function follow({ onEvent, onLink, onRefused, signal }) {
  const place = { lastId: null };
  let retryMs = RETRY_MIN_MS;
  const onOpen = () => {
    retryMs = RETRY_MIN_MS;
    onLink("live");
  };
  while (!signal.aborted) {
    let askedMs = null;
    try {
      await read(place, signal, onOpen, onEvent);
    } catch (problem) {
      if (signal.aborted) return;
      if (problem.status === 401 || problem.status === 403) return onRefused(problem);
      askedMs = problem.retryAfterMs;
    }
    if (signal.aborted) return;
    onLink("lost");
    await new Promise((resolve) => setTimeout(resolve, askedMs ?? retryMs * (0.5 + Math.random())));
    retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
  }
}

async function read(place, signal, onOpen, onEvent) {
  const silence = new AbortController();
  let watchdog = null;
  const alive = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => silence.abort(), SILENCE_MAX_MS);
  };
  alive();
  try {
    const headers = { ...credentials("GET"), Accept: "text/event-stream" };
    if (place.lastId) headers["Last-Event-ID"] = place.lastId;
    const answer = await fetch(address(["stream"]), { headers, cache: "no-store", signal: AbortSignal.any([signal, silence.signal]) });
    if (!answer.ok) throw await Problem.of(answer);
    onOpen();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      alive();
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) take(block, place, onEvent);
    }
  } finally {
    clearTimeout(watchdog);
  }
}

function take(block, place, onEvent) {
  let kind = "message";
  let data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) kind = line.slice(6).trim();
    else if (line.startsWith("data:")) data += line.slice(5).trimStart();
    else if (line.startsWith("id:")) place.lastId = line.slice(3).trim();
  }
  if (data) onEvent(kind, JSON.parse(data));
}
