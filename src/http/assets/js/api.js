// Questions to the daemon, and its answers. What it refuses is thrown as a `Problem`.

import { credentials, forget, who } from "./session.js";
import { has, t } from "./texts.js";

/** A problem of RFC 9457, as the daemon said it. */
export class Problem extends Error {
  constructor(status, body, retryAfterSeconds) {
    super(sentence(status, body));
    this.status = status;
    this.code = body.code ?? "";
    this.path = body.path ?? null;
    this.findings = body.findings ?? [];
    this.retryAfterMs = retryAfterSeconds ? retryAfterSeconds * 1000 : null;
  }

  /** What an answer says; or, of whatever else fetch() ended with, that none came. */
  static async of(answer) {
    if (!(answer instanceof Response)) return new Problem(0, { code: "unreachable" });
    const body = await answer.json().catch(() => ({}));
    return new Problem(answer.status, body, Number(answer.headers.get("Retry-After")));
  }
}

/** As what an answer was seen, for `If-Match`. A proxy that packs it calls its tag a weak one, though what is in it is the same. */
export const tagOf = (answer) => answer.headers.get("ETag")?.replace(/^W\//, "") ?? null;

/** That what was to be changed is no longer as it was looked at: nothing was overwritten. */
export const isLostRace = (problem) => problem instanceof Problem && problem.code === "changed_meanwhile";

/** In the reader's language where there are words for its code, and else in the daemon's. */
function sentence(status, body) {
  if (has(`problem.${body.code}`)) return t(`problem.${body.code}`);
  if (!body.detail) return t("problem.answered", { status });
  const detail = body.detail.charAt(0).toUpperCase() + body.detail.slice(1);
  return /[.!]$/.test(detail) ? detail : `${detail}.`;
}

/** A name as one part of an address. What would be taken for a step (`.`, `..`, encoded too) has a mark before it, and so has what
 *  looks as if it had one. */
const segment = (name) => (/^~*\.{1,2}$/.test(name) ? "~" : "") + encodeURIComponent(name);

/** An address under /api/v1 of parts that may have any letters, and a query whose empty members are left out. */
export function address(parts, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value != null && value !== "");
  const asked = new URLSearchParams(given).toString();
  return `/api/v1/${parts.map(segment).join("/")}${asked ? `?${asked}` : ""}`;
}

/** Asks; gives back the answer itself, for whoever reads it piece by piece. */
export async function ask(method, path, { body, headers } = {}) {
  const asker = who();
  const all = { ...credentials(method), ...headers };
  if (body !== undefined) all["Content-Type"] = "application/json";
  const answer = await fetch(path, {
    method, headers: all, cache: "no-store", body: body === undefined ? undefined : JSON.stringify(body),
  }).catch((failure) => failure);
  if (answer.ok) return answer;
  const problem = await Problem.of(answer);
  // That it is over is news of the session in which it was asked, and once.
  if (problem.status === 401 && asker && asker === who()) {
    forget();
    document.dispatchEvent(new CustomEvent("session-ended", { detail: problem.message }));
  }
  throw problem;
}

export const get = async (path, options) => (await ask("GET", path, options)).json();
export const send = async (method, path, body, headers) => (await ask(method, path, { body, headers })).json();

/** Something that may not be there: null where it is not. */
export async function getIfThere(path) {
  try {
    return await get(path);
  } catch (problem) {
    if (problem.status === 404) return null;
    throw problem;
  }
}

/** All pages of a list, `count_max` entries at most. */
export async function getAll(parts, query, member, countMax = 5_000) {
  const all = [];
  let after = null;
  do {
    const page = await get(address(parts, { ...query, after, limit: 1_000 }));
    all.push(...page[member]);
    after = page.next;
  } while (after && all.length < countMax);
  return all;
}
