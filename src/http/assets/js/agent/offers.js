// That a ticket is offered to whoever sits at this desk: said to a screen reader, and counted in the document's title.

import { announce } from "../dom.js";
import { t } from "../texts.js";
import { countInTitle } from "../title.js";

/** `tell` takes what the agent holds, each time that it is known. */
export function offersTeller() {
  let known = new Set();
  return {
    tell(held) {
      const offered = held.filter((it) => it.held_as === "offered").map((it) => it.ticket_id);
      const fresh = offered.filter((ticket) => !known.has(ticket));
      known = new Set(offered);
      countInTitle(offered.length);
      if (fresh.length) announce(t("agent.offered", { tickets: fresh.join(t("list.comma")) }));
    },
    end: () => countInTitle(0),
  };
}
