// The wallboard: one stream of server-sent events in, one page out. Read with fetch and not with EventSource, which can
// send no Authorization header, and a token does not belong into an address.
"use strict";

const STREAM = "/api/v1/stream";
const TOKEN_KEY = "rolecall-token";
const SILENCE_MAX_MS = 15_000; // The server says something every 5 s.
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 10_000;
const AT_RISK = 0.75; // Share of the target from which a wait is said to be at risk.
const LINES_MAX = 40;

const $ = (id) => document.getElementById(id);
const board = { roles: new Map(), agents: new Map(), lines: [], channels: [], totals: null, strip: null, todaySince: null };
let clockOffsetMs = 0;

// ---------------------------------------------------------------- The token

function takeTokenFromAddress() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  if (!fragment.has("token")) return;
  sessionStorage.setItem(TOKEN_KEY, fragment.get("token"));
  history.replaceState(null, "", location.pathname + location.search);
}

function askForToken(message) {
  $("board").hidden = true;
  $("gate").hidden = false;
  showLink("connecting", "Not connected");
  if (message) {
    $("gate-text").textContent = message;
    $("gate").dataset.state = "refused";
  }
  $("token").focus();
  return new Promise((resolve) => {
    $("gate").onsubmit = (submit) => {
      submit.preventDefault();
      sessionStorage.setItem(TOKEN_KEY, $("token").value.trim());
      $("token").value = "";
      $("gate").hidden = true;
      resolve();
    };
  });
}

// --------------------------------------------------------------- The stream

function showLink(state, text) {
  $("link").dataset.state = state;
  if ($("link-text").textContent !== text) $("link-text").textContent = text;
}

async function follow() {
  let retryMs = RETRY_MIN_MS;
  for (;;) {
    if (!sessionStorage.getItem(TOKEN_KEY)) await askForToken();
    let waitMs = retryMs * (0.5 + Math.random());
    try {
      await readStream(() => { retryMs = RETRY_MIN_MS; });
    } catch (failure) {
      if (failure.refused) {
        sessionStorage.removeItem(TOKEN_KEY);
        await askForToken(failure.message);
        continue;
      }
      if (failure.retryAfterMs) waitMs = failure.retryAfterMs;
    }
    showLink("lost", "Connection lost, trying again. Figures may be old.");
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
  }
}

async function readStream(onAlive) {
  const abort = new AbortController();
  let watchdog = setTimeout(() => abort.abort(), SILENCE_MAX_MS);
  try {
    const headers = { Authorization: `Bearer ${sessionStorage.getItem(TOKEN_KEY)}`, Accept: "text/event-stream" };
    const response = await fetch(STREAM, { headers, signal: abort.signal, cache: "no-store" });
    if (!response.ok) throw await failureOf(response);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(watchdog);
      watchdog = setTimeout(() => abort.abort(), SILENCE_MAX_MS);
      onAlive();
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      blocks.forEach(takeBlock);
    }
  } finally {
    clearTimeout(watchdog);
  }
}

async function failureOf(response) {
  const problem = await response.json().catch(() => ({}));
  const failure = new Error(problem.detail || `The server answered ${response.status}.`);
  const sentence = failure.message.charAt(0).toUpperCase() + failure.message.slice(1);
  failure.message = /[.!]$/.test(sentence) ? sentence : `${sentence}.`;
  failure.refused = response.status === 401;
  const retryAfter = Number(response.headers.get("Retry-After"));
  if (retryAfter) failure.retryAfterMs = retryAfter * 1000;
  return failure;
}

function takeBlock(block) {
  let kind = "message";
  let data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) kind = line.slice(6).trim();
    else if (line.startsWith("data:")) data += line.slice(5).trimStart();
  }
  if (!data) return;
  const news = JSON.parse(data);
  clockOffsetMs = Date.parse(news.at) - Date.now();
  if (kind === "snapshot") {
    board.roles.clear();
    board.agents.clear();
    board.lines = [];
  }
  take(news, kind === "change");
  showLink("live", "Live");
  $("gate").hidden = true;
  $("board").hidden = false;
  draw();
}

function take(news, isChange) {
  board.totals = news.totals;
  board.channels = news.channels;
  board.strip = news.strip;
  board.todaySince = news.today_since;
  for (const role of news.roles) board.roles.set(role.role, role);
  for (const name of news.roles_gone || []) board.roles.delete(name);
  for (const agent of news.agents) {
    if (agent.status === "offline") board.agents.delete(agent.agent_id);
    else board.agents.set(agent.agent_id, agent);
  }
  for (const id of news.agents_gone || []) board.agents.delete(id);
  const known = board.lines.length ? board.lines[board.lines.length - 1].seq : 0;
  for (const line of news.latest) if (line.seq > known) board.lines.push({ ...line, isNew: isChange });
  board.lines = board.lines.slice(-LINES_MAX);
}

// -------------------------------------------------------------------- Words

const now = () => Date.now() + clockOffsetMs;
const ageMs = (moment) => (moment ? Math.max(0, now() - Date.parse(moment)) : null);
const percent = (permille) => (permille == null ? "–" : `${Math.floor(permille / 10)} %`);
const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;
const hhmm = (moment) => new Date(moment).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

function spoken(ms) {
  if (ms == null) return "–";
  const s = Math.floor(ms / 1000);
  if (s < 60) return `${s} s`;
  if (s >= 600 && s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 3600) return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

function spokenTarget(ms) {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  if (ms % 60_000 === 0) return `${ms / 60_000} min`;
  return spoken(ms);
}

/** How a role stands: the word is the signal, the colour repeats it. */
function moodOf(role) {
  const share = role.answer_within_ms && role.oldest_created_at ? ageMs(role.oldest_created_at) / role.answer_within_ms : 0;
  const nobody = role.staff.online === 0;
  if (role.waiting > 0 && nobody) return { mood: "bad", word: "✕ nobody online", share };
  if (share >= 1 || role.waiting_breached > 0) return { mood: "bad", word: role.waiting_breached ? `▲ ${role.waiting_breached} late` : "▲ late", share };
  if (role.waiting_at_risk > 0) return { mood: "warn", word: `◆ ${role.waiting_at_risk} at risk`, share };
  if (share >= AT_RISK) return { mood: "warn", word: "◆ at risk", share };
  if (nobody) return { mood: "warn", word: "◇ nobody online", share };
  return { mood: "good", word: role.waiting ? "✓ on time" : "✓ clear", share };
}

// ------------------------------------------------------------------ Drawing

function text(element, value) {
  if (element.textContent !== String(value)) element.textContent = value;
}

function field(parent, name) {
  return parent.querySelector(`[data-field="${name}"]`);
}

function make(tag, className, content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (content != null) element.textContent = content;
  return element;
}

function draw() {
  drawFigures();
  drawRoles();
  drawAgents();
  drawLines();
  drawChart();
}

/** What grows older by itself. */
function drawAges() {
  text($("clock"), hhmm(now()));
  if ($("board").hidden || !board.totals) return;
  drawFigures();
  for (const role of board.roles.values()) drawRole(role);
}

function drawFigures() {
  const { totals, roles } = board;
  const moods = [...roles.values()].map((role) => moodOf(role).mood);
  const worst = moods.includes("bad") ? "bad" : moods.includes("warn") ? "warn" : "";
  const late = [...roles.values()].reduce((sum, role) => sum + role.waiting_breached, 0);
  const main = $("board");
  text(field(main, "waiting"), totals.waiting);
  text(field(main, "waiting-note"), late ? `${plural(late, "is past its", "are past their")} target` : totals.scheduled ? `${totals.scheduled} scheduled` : "none past its target");
  $("figure-waiting").dataset.mood = late ? "bad" : "";
  text(field(main, "oldest"), spoken(ageMs(totals.oldest_created_at)));
  const longest = longestWaiting();
  text(field(main, "oldest-note"), longest ? `${longest.oldest_ticket_id} in ${longest.role}` : "nobody waits");
  asksWhy(field(main, "oldest-note"), longest?.oldest_ticket_id);
  $("figure-oldest").dataset.mood = totals.waiting ? worst : "";
  text(field(main, "level"), percent(totals.service_level_permille));
  text(field(main, "level-note"), `since ${hhmm(board.todaySince)}; ${totals.today.abandoned} gave up`);
  text(field(main, "work"), totals.assigned);
  text(field(main, "work-note"), [totals.offered && `${totals.offered} ringing`, totals.paused && `${totals.paused} paused`, `${totals.today.completed} done`].filter(Boolean).join(", "));
  const { staff } = totals;
  text(field(main, "free"), staff.idle + staff.some_room);
  text(field(main, "free-note"), `of ${staff.online} online, ${staff.away + staff.busy + staff.draining} away`);
  $("figure-free").dataset.mood = totals.waiting && staff.idle + staff.some_room === 0 ? "warn" : "";
  $("alarm").hidden = totals.unroutable === 0;
  text($("alarm-text"), `${plural(totals.unroutable, "ticket fits", "tickets fit")} no agent, online or offline. Tried again whenever agents or roles change.`);
}

function longestWaiting() {
  let oldest = null;
  for (const role of board.roles.values()) {
    if (role.oldest_created_at && (!oldest || role.oldest_created_at < oldest.oldest_created_at)) oldest = role;
  }
  return oldest;
}

function drawRoles() {
  const grid = $("roles");
  const order = [...board.roles.values()].sort((a, b) => b.weight - a.weight || (a.role < b.role ? -1 : 1));
  $("roles-empty").hidden = order.length > 0;
  for (const card of [...grid.children]) if (!board.roles.has(card.dataset.role)) card.remove();
  order.forEach((role, place) => {
    let card = cardOf(role.role);
    if (!card) {
      card = $("role-template").content.firstElementChild.cloneNode(true);
      card.dataset.role = role.role;
    }
    if (grid.children[place] !== card) grid.insertBefore(card, grid.children[place] || null);
    drawRole(role);
  });
}

/** What waits, by channel: who has room for chats may have none for a call. */
function mixOf(role) {
  const mix = Object.entries(role.waiting_by_channel).sort(([, a], [, b]) => b - a);
  return mix.map(([channel, count]) => `${count} ${channel}`).join(" · ");
}

const cardOf = (name) => [...$("roles").children].find((card) => card.dataset.role === name);

function drawRole(role) {
  const card = cardOf(role.role);
  const { mood, word, share } = moodOf(role);
  if (card.dataset.mood !== mood) card.dataset.mood = mood;
  text(field(card, "name"), role.role);
  text(field(card, "mood"), word);
  text(field(card, "about"), mixOf(role) || (role.description ?? "no longer in the catalogue"));
  text(field(card, "waiting"), role.waiting);
  text(field(card, "oldest"), spoken(ageMs(role.oldest_created_at)));
  asksWhy(field(card, "oldest"), role.oldest_ticket_id);
  field(card, "fill").style.width = `${Math.min(100, share * 100)}%`;
  field(card, "track").hidden = !role.answer_within_ms;
  text(field(card, "target"), role.answer_within_ms ? `target ${spokenTarget(role.answer_within_ms)} for ${percent(role.for_share_permille)}` : "no target");
  text(field(card, "late"), role.offered ? `${role.offered} ringing` : "");
  const missed = role.service_level_permille < role.for_share_permille ? "▼ " : "";
  text(field(card, "level"), role.service_level_permille == null ? "–" : missed + percent(role.service_level_permille));
  drawStaff(card, role.staff);
}

function drawStaff(card, staff) {
  const absent = staff.away + staff.busy + staff.draining;
  const parts = [["idle", staff.idle], ["some", staff.some_room], ["full", staff.full], ["away", absent]].filter(([, count]) => count > 0);
  const free = staff.idle + staff.some_room;
  const words = `${free} with room · ${staff.full} full · ${absent} away`;
  const bar = field(card, "bar");
  const key = JSON.stringify(parts);
  if (bar.dataset.key === key) return;
  bar.dataset.key = key;
  bar.setAttribute("aria-label", words);
  bar.replaceChildren(...(parts.length ? parts : [["none", 1]]).map(([kind, count]) => {
    const segment = make("span", `seg-${kind}`);
    segment.style.flexGrow = count;
    return segment;
  }));
  const line = field(card, "staff");
  line.replaceChildren(make("b", "", `${free} with room`), ` · ${staff.full} full · ${absent} away`);
}

const ROOM_ORDER = { full: 0, some: 1, idle: 2, away: 3 };
const ROOM_MARK = { idle: "○", some: "◐", full: "●", away: "–" };
const HELD_WORD = { offered: "ringing", assigned: "", wrap_up: "wrap-up", paused: "paused" };

function drawAgents() {
  const agents = [...board.agents.values()].sort((a, b) =>
    ROOM_ORDER[a.room] - ROOM_ORDER[b.room] || (a.name ?? a.agent_id).localeCompare(b.name ?? b.agent_id));
  $("agents-empty").hidden = agents.length > 0;
  const { staff } = board.totals;
  text($("people-legend"), `● ${staff.full} full   ◐ ${staff.some_room} with room   ○ ${staff.idle} idle   – ${staff.away + staff.busy + staff.draining} away`);
  const slots = board.channels.filter(({ used, free }) => used + free > 0);
  $("slots").replaceChildren(...(slots.length ? ["free slots"] : []), ...slots.flatMap(({ channel, free }) => [` · ${channel} `, make("b", "", free)]));
  const list = $("agents");
  const rows = new Map([...list.children].map((row) => [row.dataset.agent, row]));
  agents.forEach((agent, place) => {
    const row = rows.get(agent.agent_id) ?? make("li", "agent");
    rows.delete(agent.agent_id);
    row.dataset.agent = agent.agent_id;
    if (list.children[place] !== row) list.insertBefore(row, list.children[place] || null);
    drawAgent(row, agent);
  });
  rows.forEach((row) => row.remove());
}

function drawAgent(row, agent) {
  const key = JSON.stringify([agent.name, agent.room, agent.status, agent.held, agent.held_count]);
  if (row.dataset.key === key) return;
  row.dataset.key = key;
  row.dataset.room = agent.room;
  const mark = make("span", "agent-mark", ROOM_MARK[agent.room]);
  mark.setAttribute("aria-hidden", "true");
  const state = make("span", "agent-state", stateText(agent));
  const parts = [mark, make("span", "agent-name", agent.name ?? agent.agent_id), state];
  if (agent.held_count) parts.push(make("span", "agent-held", heldText(agent)));
  row.replaceChildren(...parts);
}

function stateText(agent) {
  if (agent.room === "away") return agent.status_name ?? agent.status;
  if (agent.room === "idle") return "free";
  return agent.room === "full" ? `full, ${agent.held_count}` : `holds ${agent.held_count}`;
}

function heldText(agent) {
  const held = agent.held.map(({ ticket_id, channel, held_as }) =>
    [ticket_id, [HELD_WORD[held_as], held_as === "paused" ? "" : channel].filter(Boolean).join(" ")].filter(Boolean).join(" "));
  const more = agent.held_count - agent.held.length;
  return held.join(" · ") + (more > 0 ? ` and ${more} more` : "");
}

function drawLines() {
  const list = $("lines");
  $("lines-empty").hidden = board.lines.length > 0;
  const shown = new Map([...list.children].map((row) => [row.dataset.seq, row]));
  const rows = [...board.lines].reverse().map((line) => shown.get(String(line.seq)) ?? lineRow(line));
  list.replaceChildren(...rows);
  for (const line of board.lines) line.isNew = false;
}

function lineRow(line) {
  const row = make("li", "line");
  row.dataset.seq = line.seq;
  if (line.isNew) row.dataset.new = "";
  const time = make("time", "", hhmm(line.at));
  time.dateTime = line.at;
  const what = make("span", "line-what");
  const ticket = make("button", "ask", line.ticket_id);
  ticket.type = "button";
  asksWhy(ticket, line.ticket_id);
  what.append(ticket, " → ", make("b", "", line.agent_name ?? line.agent_id));
  row.append(time, what, make("span", "line-waited", line.waited_ms < 1000 ? "at once" : `waited ${spoken(line.waited_ms)}`));
  row.append(make("span", "line-why", `${line.role}, ${line.channel}: ${line.why}`));
  return row;
}

// -------------------------------------------------------------- Strip chart

const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attributes, content) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (content != null) element.textContent = content;
  return element;
}

function drawChart() {
  if (!board.strip) return;
  const { arrived, assigned, step_ms: stepMs } = board.strip;
  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
  text($("flow-arrived"), sum(arrived));
  text($("flow-assigned"), sum(assigned));
  const box = $("chart");
  const { width, height } = box.getBoundingClientRect();
  if (width < 50 || height < 50) return;
  const top = 8, bottom = height - 26, left = 34;
  const peak = niceCeiling(Math.max(4, ...arrived, ...assigned));
  const step = (width - left) / arrived.length;
  const y = (count) => bottom - ((bottom - top) * count) / peak;
  const picture = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  for (const level of [0, peak / 2, peak]) {
    picture.append(svg("line", { class: "grid-line", x1: left, x2: width, y1: y(level), y2: y(level) }));
    picture.append(svg("text", { class: "axis", x: left - 8, y: y(level) + 5, "text-anchor": "end" }, level));
  }
  arrived.forEach((count, place) => {
    if (count) picture.append(svg("rect", { class: "bar-arrived", x: left + place * step + 1, y: y(count), width: Math.max(1, step - 2), height: bottom - y(count), rx: 2 }));
  });
  const points = assigned.map((count, place) => `${left + (place + 0.5) * step},${y(count)}`);
  picture.append(svg("polyline", { class: "line-assigned", points: points.join(" ") }));
  const minutes = Math.round((arrived.length * stepMs) / 60_000);
  for (const [share, anchor] of [[0, "start"], [0.5, "middle"], [1, "end"]]) {
    const label = share === 1 ? "now" : `${Math.round(minutes * (1 - share))} min ago`;
    picture.append(svg("text", { class: "axis", x: left + (width - left) * share, y: height - 6, "text-anchor": anchor }, label));
  }
  box.setAttribute("aria-label", `In the last ${minutes} minutes ${plural(sum(arrived), "ticket", "tickets")} came and ${sum(assigned)} were assigned`);
  box.replaceChildren(picture);
}

function niceCeiling(count) {
  const size = 10 ** Math.floor(Math.log10(count));
  return [1, 2, 3, 4, 6, 8, 10].map((factor) => factor * size).find((ceiling) => ceiling >= count);
}

// -------------------------------------------------------------------- Start

takeTokenFromAddress();
window.addEventListener("hashchange", () => { takeTokenFromAddress(); location.reload(); });
new ResizeObserver(drawChart).observe($("chart"));
setInterval(drawAges, 1000);
drawAges();
follow();
