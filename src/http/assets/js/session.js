// Who one is: by a session's cookie, by a token of this tab alone, or by nothing where the daemon is open to all.

const TOKEN_KEY = "rolecall-token";
const WALL_KEY = "rolecall-wall-token";
const SESSIONS = "/api/v1/sessions";
const CSRF_HEADER = "X-Rolecall-CSRF";

/** `how` is `cookie`, `token` or `open`; `who` has name, level, agent_id and permissions; null before one is in. */
let session = null;

export const who = () => session?.who ?? null;
export const may = (...permissions) => permissions.some((it) => session?.who.permissions.includes(it));
/** Whether there is something to end. */
export const canLeave = () => session != null && session.how !== "open";

/** What a request has to show. */
export function credentials(method) {
  if (session?.how === "token") return { Authorization: `Bearer ${sessionStorage.getItem(TOKEN_KEY)}` };
  return session?.how === "cookie" && method !== "GET" ? { [CSRF_HEADER]: session.csrf } : {};
}

/** A token in the address (`/#token=…`) is for a screen on a wall. It is taken out of the address and kept for this tab, so
 *  that the screen comes in again by itself when its session is over. */
export function takeTokenFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return;
  sessionStorage.setItem(WALL_KEY, given);
  history.replaceState(null, "", location.pathname + location.search);
}

/** The token of a screen on a wall; null for everybody else. */
export const wallToken = () => sessionStorage.getItem(WALL_KEY);

/** Comes in with what there is; says whether it was enough. */
export async function enter() {
  if (sessionStorage.getItem(TOKEN_KEY)) return enterByToken();
  const known = await fetch(SESSIONS, { cache: "no-store" });
  if (known.ok) return enterBy("cookie", await known.json());
  if (known.status === 401) return noOne(known);
  if (!hasNoSessions(known)) throw known;
  const open = await fetch("/api/v1/me", { cache: "no-store" });
  return open.ok ? enterBy("open", await open.json()) : false;
}

/** Whether the daemon has no sessions at all. That it can't begin or tell one just now is something else. */
const hasNoSessions = (answer) => answer.status === 404 || answer.status === 405;

/** Not to be known is no problem; a daemon at which nobody can be known is one. */
async function noOne(answer) {
  const problem = await answer.clone().json().catch(() => ({}));
  if (problem.code === "no_token_configured") throw answer;
  return false;
}

async function enterByToken() {
  const headers = { Authorization: `Bearer ${sessionStorage.getItem(TOKEN_KEY)}` };
  const answer = await fetch("/api/v1/me", { headers, cache: "no-store" });
  if (answer.ok) return enterBy("token", await answer.json());
  if (answer.status === 401) sessionStorage.removeItem(TOKEN_KEY);
  throw answer;
}

async function enterBy(how, answer) {
  session = { how, csrf: answer.csrf, who: answer };
  if (how === "cookie" && answer.agent_id === undefined) {
    const me = await fetch("/api/v1/me", { cache: "no-store" });
    if (me.ok) session.who = { ...answer, ...(await me.json()) };
  }
  return true;
}

/** Changes the token for a session; throws the answer where there is none to be had for it. */
export async function logIn(token) {
  const answer = await fetch(SESSIONS, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token }), cache: "no-store",
  });
  if (answer.ok) return enterBy("cookie", await answer.json());
  if (!hasNoSessions(answer)) throw answer;
  // The token stays in this tab, and is shown with each request; unless it opens nothing.
  sessionStorage.setItem(TOKEN_KEY, token);
  try {
    return await enterByToken();
  } catch (refusal) {
    sessionStorage.removeItem(TOKEN_KEY);
    throw refusal;
  }
}

/** Ends the session, wherever it is kept; throws the answer where the daemon has not ended it. */
export async function logOut() {
  if (session.how === "cookie") {
    const answer = await fetch(SESSIONS, { method: "DELETE", headers: { [CSRF_HEADER]: session.csrf } });
    if (!answer.ok && answer.status !== 401) throw answer;
  }
  forget();
  forgetWall();
}

/** The daemon does not know us any more. */
export function forget() {
  session = null;
  sessionStorage.removeItem(TOKEN_KEY);
}

/** The token of the wall is refused as well. */
export const forgetWall = () => sessionStorage.removeItem(WALL_KEY);
