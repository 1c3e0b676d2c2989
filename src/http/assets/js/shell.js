// What stands above every page: where one can go, the search for a ticket, the connection, language, light or dark, the clock.

import { Problem } from "./api.js";
import { doing, outcome } from "./doing.js";
import { announce, choice, h, text } from "./dom.js";
import { clock, now } from "./format.js";
import { LANGUAGES } from "./languages.js";
import { linkState, listen } from "./live.js";
import { PAGES, here, link } from "./router.js";
import { canLeave, logOut, may, who } from "./session.js";
import { language, t } from "./texts.js";
import { applyTheme, theme } from "./theme.js";

let handlers = null;
const parts = {};

export function buildShell(given) {
  handlers = given;
  listen(drawLink);
  setInterval(() => parts.clock && text(parts.clock, clock(now())), 1_000);
}

/** Draws it anew, as after a change of language or of who one is. */
export function drawShell() {
  const top = document.getElementById("top");
  const skip = document.getElementById("skip");
  text(skip, t("shell.skip"));
  skip.onclick = (press) => {
    press.preventDefault();
    document.getElementById("page").focus();
  };
  parts.clock = h("time", { class: "clock" }, clock(now()));
  parts.link = h("p", { class: "link", role: "status" }, h("span", { class: "link-dot", "aria-hidden": "true" }), h("span", {}));
  top.replaceChildren(
    h("a", { class: "brand", href: "#/" }, h("img", { src: "/assets/icon.svg", alt: "", width: 28, height: 28 }), "rolecall"),
    ...(who() ? [navigation(), search()] : []),
    parts.link, settings(), parts.clock);
  drawLink();
}

function navigation() {
  const entries = PAGES.filter((page) => page.allowed()).map(({ key, part }) =>
    h("li", {}, h("a", { href: link(part), "data-part": part, "aria-current": here().part === part ? "page" : null }, t(`nav.${key}`))));
  return h("nav", { "aria-label": t("shell.navigation") }, h("ul", {}, entries));
}

/** A ticket's id leads to its page: why it waits is there. */
function search() {
  if (!may("tickets.manage", "reports.view", "work.read-own")) return null;
  const field = h("input", { id: "search", type: "search", placeholder: t("shell.search"), "aria-label": t("shell.search"), autocomplete: "off", spellcheck: "false", maxlength: 128 });
  const go = (submit) => {
    submit.preventDefault();
    const id = field.value.trim();
    if (!id) return;
    field.value = "";
    location.hash = link("tickets", id);
  };
  return h("form", { class: "search", role: "search", onsubmit: go }, field);
}

function settings() {
  const languages = choice(LANGUAGES.map(({ code, name }) => [code, name]), language().code, {
    "aria-label": t("shell.language"), onchange: (change) => handlers.onLanguage(change.target.value),
  });
  const themes = choice(["auto", "light", "dark"].map((it) => [it, t(`theme.${it}`)]), theme(), {
    "aria-label": t("shell.theme"), onchange: (change) => applyTheme(change.target.value),
  });
  const place = outcome();
  const leave = h("button", { type: "button", onclick: () => doing(leave, place, async () => {
    await logOut().catch(async (refusal) => { throw await Problem.of(refusal); });
    handlers.onLeft();
  }) }, t("shell.log-out"));
  const level = who() && h("p", { class: "who" }, h("b", {}, who().name), ` ${t(`level.${who().level}`)}`);
  return h("details", { class: "settings" },
    h("summary", { "aria-label": t("shell.settings") }, h("span", { "aria-hidden": "true" }, "☰"), h("span", { class: "who-name" }, who()?.name ?? "")),
    h("div", { class: "settings-box" }, level, languages, themes, canLeave() && [leave, place]));
}

function drawLink() {
  if (!parts.link) return;
  const state = linkState();
  if (parts.link.dataset.state === state && parts.link.dataset.language === language().code) return;
  if (state === "lost" || state === "gone") announce(t(`link.${state}`));
  parts.link.dataset.state = state;
  parts.link.dataset.language = language().code;
  parts.link.hidden = state === "none";
  text(parts.link.lastElementChild, state === "none" ? "" : t(`link.${state}`));
}

// The menu closes by itself when one goes on elsewhere.
document.addEventListener("click", (press) => {
  const menu = document.querySelector(".settings[open]");
  if (menu && !menu.contains(press.target)) menu.open = false;
});
document.addEventListener("keydown", (key) => {
  const isTyping = key.target.matches("input, textarea, select");
  if (key.key === "Escape") document.querySelector(".settings[open]")?.removeAttribute("open");
  if (key.key === "/" && !isTyping && !key.ctrlKey && !key.metaKey) {
    const field = document.getElementById("search");
    if (!field) return;
    key.preventDefault();
    field.focus();
  }
});
