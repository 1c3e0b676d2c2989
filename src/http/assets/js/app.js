// The beginning: texts, then who one is, then the page that the address names.

import { beginBeating, endBeating } from "./agent/heartbeat.js";
import { Problem } from "./api.js";
import { begin, end } from "./live.js";
import { logInPage } from "./log_in.js";
import { layAside, show, takeBack } from "./router.js";
import { enter, forget, forgetWall, logIn, may, takeTokenFromAddress, wallToken, who } from "./session.js";
import { buildShell, drawShell } from "./shell.js";
import { speak, t } from "./texts.js";
import { applyTheme } from "./theme.js";

const AGAIN_MS = 5_000;
/** Who was in last: a page that was laid aside is for nobody else. */
let lastIn = null;

async function comeIn() {
  takeTokenFromAddress();
  try {
    if (wallToken()) await logIn(wallToken());
    else if (!(await enter())) return askWho();
  } catch (refusal) {
    return notIn(refusal);
  }
  goIn();
}

async function notIn(refusal) {
  const isRefused = refusal instanceof Response && refusal.status === 401;
  askWho((await Problem.of(refusal)).message);
  // Nobody stands before a wall to try again.
  if (wallToken() && !isRefused) setTimeout(comeIn, AGAIN_MS);
  if (isRefused) forgetWall();
}

function askWho(message) {
  end();
  endBeating();
  drawShell();
  show((main) => logInPage(main, message, goIn));
}

/** Draws all for whoever is in now; `otherwise` is the state of the link where the stream is none of theirs. */
function goIn(otherwise) {
  begin(otherwise);
  beginBeating();
  drawShell();
  const { name, level, agent_id: agent, permissions } = who();
  const nowIn = JSON.stringify([name, level, agent, permissions]);
  if (nowIn !== lastIn || !takeBack()) show();
  lastIn = nowIn;
}

/** The daemon does not know us any more. */
function sessionOver(message) {
  forget();
  if (wallToken()) return comeIn();
  layAside();
  askWho(message);
}

/** The stream may not be read any more: what one may is asked for anew, and all is drawn by that. Where it can't be asked for,
 *  or one may all the same, the stream is tried again. */
async function lookAgain() {
  const isIn = await enter().catch(() => true);
  if (!isIn) return sessionOver(t("problem.session_over"));
  if (may("reports.view")) return setTimeout(begin, AGAIN_MS);
  goIn("gone");
}

async function start() {
  applyTheme();
  await speak();
  buildShell({
    onLanguage: async (code) => {
      await speak(code);
      drawShell();
      show();
    },
    onLeft: () => askWho(),
  });
  document.addEventListener("session-ended", ({ detail }) => sessionOver(detail));
  document.addEventListener("stream-refused", lookAgain);
  window.addEventListener("hashchange", () => (location.hash.startsWith("#token=") ? comeIn() : show()));
  await comeIn();
}

start();
