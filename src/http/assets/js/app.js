// The beginning: texts, then who one is, then the page that the address names.

import { Problem } from "./api.js";
import { begin, end } from "./live.js";
import { logInPage } from "./log_in.js";
import { show } from "./router.js";
import { enter, forget, forgetWall, logIn, takeTokenFromAddress, wallToken } from "./session.js";
import { buildShell, drawShell } from "./shell.js";
import { speak, t } from "./texts.js";
import { applyTheme } from "./theme.js";

const AGAIN_MS = 5_000;

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
  askWho(refusal instanceof Response ? (await Problem.of(refusal)).message : t("problem.unreachable"));
  // Nobody stands before a wall to try again.
  if (wallToken() && !isRefused) setTimeout(comeIn, AGAIN_MS);
  if (isRefused) forgetWall();
}

function askWho(message) {
  end();
  drawShell();
  show((main) => logInPage(main, message, goIn));
}

function goIn() {
  begin();
  drawShell();
  show();
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
  document.addEventListener("session-ended", ({ detail }) => {
    forget();
    if (wallToken()) comeIn();
    else askWho(detail);
  });
  window.addEventListener("hashchange", () => (location.hash.startsWith("#token=") ? comeIn() : show()));
  await comeIn();
}

start();
