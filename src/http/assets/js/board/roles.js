// A card for each role: who waits, how long, how long the next will, what was promised, who is there.

import { h, text } from "../dom.js";
import { ageMs, number, percent, spoken, spokenRound } from "../format.js";
import { link } from "../router.js";
import { t, tCode } from "../texts.js";
import { asksWhy } from "../why/dialog.js";
import { absent, moodOf } from "./mood.js";

const MANY = 6; // With more of them cards have a figure and its bounds, and no words: a wall has no room for these.

export function rolesPanel() {
  const grid = h("div", { class: "role-grid" });
  const empty = h("p", { class: "empty", hidden: true }, t("board.no-roles"));
  const element = h("section", { class: "roles", "aria-labelledby": "roles-title" }, h("h2", { id: "roles-title", class: "sr-only" }, t("nav.roles")), grid, empty);
  const cards = new Map();
  return {
    element,
    draw(live) {
      const order = [...live.roles.values()].sort((a, b) => b.weight - a.weight || (a.role < b.role ? -1 : 1));
      empty.hidden = order.length > 0;
      grid.classList.toggle("many", order.length > MANY);
      for (const [name, card] of cards) {
        if (live.roles.has(name)) continue;
        card.element.remove();
        cards.delete(name);
      }
      order.forEach((role, place) => {
        if (!cards.has(role.role)) cards.set(role.role, roleCard(role.role));
        const card = cards.get(role.role);
        if (grid.children[place] !== card.element) grid.insertBefore(card.element, grid.children[place] ?? null);
        drawRole(card, role);
      });
    },
    drawAges(live) {
      for (const role of live.roles.values()) if (cards.has(role.role)) drawRole(cards.get(role.role), role);
    },
  };
}

function roleCard(name) {
  const card = {
    mood: h("p", { class: "mood" }), about: h("p", { class: "about", dir: "auto" }), waiting: h("span", { class: "count-value" }),
    oldest: h("button", { type: "button", class: "ask" }), expected: h("b", {}), fill: h("span", { class: "track-fill" }),
    target: h("span", {}), level: h("b", {}), bar: h("div", { class: "staff-bar", role: "img" }), staff: h("p", { class: "staff-text" }),
  };
  card.track = h("div", { class: "track" }, card.fill);
  const line = (words, value) => h("p", { class: "wait-line" }, h("span", {}, words), value);
  card.element = h("article", { class: "role", "data-role": name },
    h("header", {}, h("h3", { dir: "auto" }, h("a", { href: link("roles", name), title: name }, name)), card.mood),
    card.about,
    h("div", { class: "role-main" },
      h("p", { class: "count" }, card.waiting, h("span", { class: "count-name" }, t("role.waiting"))),
      h("div", { class: "wait" }, line(t("role.longest"), card.oldest), line(t("role.expected"), card.expected), card.track, line(card.target, card.level))),
    h("div", { class: "staff" }, card.bar, card.staff));
  return card;
}

/** What waits, by channel: who has room for chats may have none for a call. */
function mixOf(role) {
  const mix = Object.entries(role.waiting_by_channel).sort(([, a], [, b]) => b - a);
  return mix.map(([channel, count]) => `${number(count)} ${tCode("channel", channel)}`).join(" · ");
}

function drawRole(card, role) {
  const { mood, word, share } = moodOf(role);
  if (card.element.dataset.mood !== mood) card.element.dataset.mood = mood;
  text(card.mood, word);
  text(card.about, mixOf(role) || (role.description ?? t("role.gone")));
  text(card.waiting, number(role.waiting));
  text(card.oldest, spoken(ageMs(role.oldest_created_at)));
  asksWhy(card.oldest, role.oldest_ticket_id);
  text(card.expected, expected(role.estimated_wait_ms));
  // Scaled and not widened: nothing has to be laid out anew.
  const scale = `scaleX(${Math.min(1, share).toFixed(2)})`;
  if (card.fill.style.transform !== scale) card.fill.style.transform = scale;
  card.track.hidden = !role.answer_within_ms;
  text(card.target, role.answer_within_ms
    ? t("role.target", { time: spokenRound(role.answer_within_ms), share: percent(role.for_share_permille) }) : t("role.no-target"));
  const isMissed = role.service_level_permille != null && role.service_level_permille < role.for_share_permille;
  card.level.dataset.mood = isMissed ? "bad" : "";
  text(card.level, isMissed ? `▼ ${percent(role.service_level_permille)}` : percent(role.service_level_permille));
  drawStaff(card, role.staff);
}

function expected(ms) {
  if (ms == null) return "–";
  return ms === 0 ? t("role.not-at-all") : `≈ ${spoken(ms)}`;
}

function drawStaff(card, staff) {
  const counts = [["idle", staff.idle], ["some", staff.some_room], ["full", staff.full], ["away", absent(staff)]];
  const key = counts.map(([, count]) => count).join();
  if (card.bar.dataset.key === key) return;
  card.bar.dataset.key = key;
  const shown = counts.filter(([, count]) => count > 0);
  card.bar.replaceChildren(...(shown.length ? shown : [["none", 1]]).map(([kind, count]) => {
    const segment = h("span", { class: `seg-${kind}` });
    segment.style.flexGrow = count;
    return segment;
  }));
  const words = [t("staff.room", { count: staff.idle + staff.some_room }), t("staff.full", { count: staff.full }), t("staff.away", { count: absent(staff) })];
  card.bar.setAttribute("aria-label", words.join(t("list.comma")));
  card.staff.replaceChildren(h("b", {}, words[0]), ` · ${words[1]} · ${words[2]}`);
}
