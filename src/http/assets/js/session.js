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
  const open = await fetch("/api/v1/me", { cache: "no-store" });
  return open.ok ? enterBy("open", await open.json()) : false;
}

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

/** Changes the token for a session; throws the answer where the token is refused. */
export async function logIn(token) {
  const answer = await fetch(SESSIONS, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token }), cache: "no-store",
  });
  if (answer.ok) return enterBy("cookie", await answer.json());
  const isRefused = answer.status === 429 || (answer.status === 401 && await isAboutTheToken(answer));
  if (isRefused) throw answer;
  // No sessions here: the token stays in this tab, and is shown with each request.
  sessionStorage.setItem(TOKEN_KEY, token);
  return enterByToken();
}

/** A daemon without sessions refuses the request as such: it saw no token. */
async function isAboutTheToken(answer) {
  const problem = await answer.clone().json().catch(() => ({}));
  return problem.code !== "no_token";
}

/** Ends the session, wherever it is kept. */
export async function logOut() {
  const { how, csrf } = session;
  forget();
  forgetWall();
  if (how === "cookie") await fetch(SESSIONS, { method: "DELETE", headers: { [CSRF_HEADER]: csrf } });
}

/** The daemon does not know us any more. */
export function forget() {
  session = null;
  sessionStorage.removeItem(TOKEN_KEY);
}

/** The token of the wall is refused as well. */
export const forgetWall = () => sessionStorage.removeItem(WALL_KEY);
