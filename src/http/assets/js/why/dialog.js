// Why a ticket is where it is, over whatever page one is on: one press on anything that asksWhy() has made to ask.

import { address, get } from "../api.js";
import { h, text } from "../dom.js";
import { link } from "../router.js";
import { may } from "../session.js";
import { t } from "../texts.js";
import { agentsTable } from "./agents.js";
import { sentences } from "./sentences.js";

/** Makes an element ask about a ticket when it is pressed, or not any more. */
export function asksWhy(element, ticket) {
  element.disabled = !ticket;
  if (element.dataset.why === (ticket ?? undefined)) return;
  if (ticket) element.dataset.why = ticket;
  else delete element.dataset.why;
  if (ticket) element.title = t("why.ask", { ticket });
  else element.removeAttribute("title");
}

/** What the daemon says of a ticket; and of all who might have it, to whoever may look at them. */
export const explanationOf = (ticket) =>
  get(address(["tickets", ticket, "explanation"], may("tickets.manage", "reports.view") ? { agents: "all" } : {}));

async function explain(ticket) {
  const content = h("div", { "aria-live": "polite" }, h("p", { class: "soft" }, t("why.asking")));
  const dialog = h("dialog", { class: "why", "aria-labelledby": "why-title" },
    h("header", {}, h("h2", { id: "why-title", dir: "auto" }, ticket),
      h("button", { type: "button", onclick: () => dialog.close() }, t("why.close"))),
    content,
    h("p", {}, h("a", { href: link("tickets", ticket), onclick: () => dialog.close() }, t("why.more"))));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (press) => { if (press.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
  try {
    const why = await explanationOf(ticket);
    const list = h("ul", { class: "why-lines" });
    drawWhy(list, why);
    content.replaceChildren(list, agentsTable(why));
  } catch (problem) {
    content.replaceChildren(h("p", {}, problem.message));
  }
}

/** Writes the sentences into a list. Those that are as before stay as they are. */
export function drawWhy(list, why) {
  const lines = why ? sentences(why) : [];
  while (list.children.length > lines.length) list.lastElementChild.remove();
  lines.forEach((line, place) => (list.children[place] ? text(list.children[place], line) : list.append(h("li", {}, line))));
  list.hidden = lines.length === 0;
}

document.addEventListener("click", (press) => {
  const asked = press.target.closest("[data-why]");
  if (asked) explain(asked.dataset.why);
});
