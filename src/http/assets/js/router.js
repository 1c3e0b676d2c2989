// Which page an address stands for: `#/tickets/T-1` is a ticket's page. A page is a function that fills <main> and gives
// back what ends it, if anything has to be ended.

import { agentPage } from "./agent/page.js";
import { agentsPage } from "./agent/list.js";
import { accessPage } from "./access/page.js";
import { boardPage } from "./board/page.js";
import { channelPage } from "./channel/page.js";
import { channelsPage } from "./channel/list.js";
import { h } from "./dom.js";
import { reportsPage } from "./report/page.js";
import { rolePage } from "./role/page.js";
import { rolesPage } from "./role/list.js";
import { rulePage } from "./rule/page.js";
import { rulesPage } from "./rule/list.js";
import { may, who } from "./session.js";
import { t } from "./texts.js";
import { nameInTitle } from "./title.js";
import { ticketPage } from "./ticket/page.js";
import { ticketsPage } from "./ticket/list.js";

/** The pages: the words of the navigation, the first part of the address, who may open it, the page, and that of one of its entries. */
export const PAGES = [
  { key: "board", part: "", allowed: () => may("reports.view"), page: boardPage },
  { key: "desk", part: "desk", allowed: () => who()?.agent_id != null, page: (main) => agentPage(main, who().agent_id) },
  { key: "tickets", part: "tickets", allowed: () => may("tickets.manage", "reports.view", "work.read-own"), page: ticketsPage, entry: ticketPage },
  { key: "agents", part: "agents", allowed: () => may("agents.manage", "reports.view"), page: agentsPage, entry: agentPage },
  { key: "roles", part: "roles", allowed: () => may("roles.manage", "rules.manage", "reports.view", "work.read-own"), page: rolesPage, entry: rolePage },
  { key: "rules", part: "rules", allowed: () => maySeeCatalogue(), page: rulesPage, entry: rulePage },
  { key: "channels", part: "channels", allowed: () => maySeeCatalogue(), page: channelsPage, entry: channelPage },
  { key: "reports", part: "reports", allowed: () => may("reports.view"), page: reportsPage },
  { key: "access", part: "access", allowed: () => may("tokens.manage", "audit.view"), page: accessPage },
];

const maySeeCatalogue = () => may("roles.manage", "rules.manage", "reports.view");

/** The page that is open: its <main>, its address, what ends it, whether somebody has filled in anything. */
let current = null;
/** A page that waits for its reader to log in again. */
let aside = null;
let isFirst = true;
let asked = null;

/** The address of a page, or of one entry of it. */
export const link = (part, name) => `#/${part}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;

/** The page of the address, and the name of the entry. */
export function here() {
  const [part = "", name] = location.hash.replace(/^#\/?/, "").split("?")[0].split("/");
  return { part, name: name === undefined || name === "" ? undefined : decoded(name) };
}

/** What was typed by hand may have a percent sign that stands for itself. */
function decoded(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Opens a page: the one given, until there is another, or the one of the address. */
export async function show(given) {
  asked = given ?? (asked && !who() ? asked : null);
  if (!asked) dropAside();
  // Each page has an element of its own: one that is still waiting for an answer draws where nobody looks any more.
  const main = h("main", { id: "page", tabindex: "-1" });
  const mine = { main, address: location.hash, end: null, isFilledIn: false };
  main.addEventListener("input", () => { mine.isFilledIn = true; }, { once: true });
  turnTo(mine);
  const { part, name } = here();
  const page = PAGES.find((it) => it.part === part);
  markNavigation(page);
  const opened = asked ? await asked(main) : await open(main, page, name);
  const end = typeof opened === "function" ? opened : null;
  if (current !== mine && aside !== mine) return end?.();
  mine.end = end;
  if (current !== mine) return undefined;
  nameInTitle(main.querySelector("h1")?.textContent);
  // Who came here by the keyboard or listens to a screen reader goes on where the new page begins.
  if (!isFirst && !main.contains(document.activeElement)) main.focus({ preventScroll: true });
  isFirst = false;
  return undefined;
}

function turnTo(page) {
  if (current !== aside) current?.end?.();
  current = page;
  document.getElementById("page").replaceWith(page.main);
}

/** Lays the page aside where somebody has filled in something: who has to log in again finds it as it was left. */
export function layAside() {
  if (asked || !current?.isFilledIn) return;
  aside = Object.assign(current, { focused: document.activeElement });
}

/** Opens what was laid aside; says whether there was something, and one is still where it was. */
export function takeBack() {
  if (aside?.address !== location.hash) return false;
  const page = aside;
  const { main, focused } = page;
  [aside, asked] = [null, null];
  turnTo(page);
  // That the session was over is no news any more.
  for (const said of main.querySelectorAll(".outcome")) said.hidden = true;
  nameInTitle(main.querySelector("h1")?.textContent);
  (main.contains(focused) ? focused : main).focus({ preventScroll: true });
  return true;
}

function dropAside() {
  aside?.end?.();
  aside = null;
}

function open(main, page, name) {
  if (page && page.part === "" && !page.allowed()) {
    // Everybody has some page to begin with.
    const first = PAGES.find((it) => it.allowed());
    if (first) return location.replace(link(first.part));
  }
  if (!page || (name !== undefined && !page.entry)) return say(main, t("page.unknown"));
  if (name !== undefined) return page.entry(main, name);
  return page.allowed() ? page.page(main) : say(main, t("page.forbidden"));
}

function say(main, words) {
  main.append(h("section", { class: "panel narrow" }, h("h1", {}, words), h("p", {}, h("a", { href: "#/" }, t("page.back")))));
}

function markNavigation(page) {
  for (const anchor of document.querySelectorAll("nav a[data-part]")) {
    if (page && anchor.dataset.part === page.part) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
}
