// The wallboard: what the stream says, for the wall and for the desk.

import { h, text } from "../dom.js";
import { live, listen } from "../live.js";
import { t } from "../texts.js";
import { agentsPanel } from "./agents.js";
import { feedPanel } from "./feed.js";
import { figuresPanel } from "./figures.js";
import { rolesPanel } from "./roles.js";
import { stripPanel } from "./strip.js";

export function boardPage(main) {
  main.className = "board";
  const parts = [figuresPanel(), rolesPanel(), agentsPanel(), stripPanel(), feedPanel()];
  const waiting = h("p", { class: "empty", role: "status" }, t("board.connecting"));
  const title = h("h1", { class: "sr-only" }, t("nav.board"));
  main.append(title, waiting);
  let isBuilt = false;
  let isDue = false;
  let due = null;

  const draw = (news) => {
    isDue = false;
    if (!live.totals) return;
    if (!isBuilt) {
      isBuilt = true;
      waiting.replaceWith(...parts.map((part) => part.element));
    }
    for (const part of parts) part.draw(live, news);
  };
  // However many changes come, one picture is drawn for each frame at most.
  const soon = (news) => {
    // Of several changes at once the whole state is drawn.
    due = isDue ? null : news;
    if (!isDue) requestAnimationFrame(() => draw(due));
    isDue = true;
  };
  const stop = listen(soon);
  const ages = setInterval(() => {
    if (live.totals) for (const part of parts) part.drawAges?.(live);
    else text(waiting, t("board.connecting"));
  }, 1_000);
  draw(null);
  return () => {
    stop();
    clearInterval(ages);
    for (const part of parts) part.end?.();
  };
}
