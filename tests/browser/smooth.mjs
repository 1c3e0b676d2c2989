// Measures how smooth the wallboard is: 500 agents online, 100 tickets a second, frame times by requestAnimationFrame.
// node smooth.mjs [seconds]

import { House, until } from "./house.mjs";

const AGENTS = 500;
const TICKETS_PER_S = 100;
const BATCH_MS = 250;
const SECONDS = Number(process.argv[2] ?? 60);

const house = await House.open();
const envelope = (type, data) => ({ specversion: "1.0", id: `${type}-${Math.random()}`, source: "/smooth", type, data });
const tell = (events) => house.api("POST", "/events", events);
const inBatches = async (events) => {
  for (let from = 0; from < events.length; from += 100) await tell(events.slice(from, from + 100));
};

const { entries } = await house.api("GET", "/roles");
const roles = entries.map((role) => role.name);
const people = Array.from({ length: AGENTS }, (_, place) => ({ agent_id: `agent-${place}`, name: `Agent ${place}`, roles: [roles[place % roles.length], roles[(place + 1) % roles.length]], limits: { email: 3 } }));
await inBatches(people.map((data) => envelope("agent.registered", data)));
await inBatches(people.map(({ agent_id }) => envelope("agent.presence", { agent_id, status: "online" })));

let isOver = false;
let told = 0;
/** Tickets come at their pace; each is completed some seconds later, so that agents fill and empty. */
async function load() {
  const open = [];
  const begun = Date.now();
  while (!isOver) {
    const due = Math.floor(((Date.now() - begun) / 1000) * TICKETS_PER_S) - told;
    const created = Array.from({ length: Math.min(due, 60) }, (_, place) => ({ ticket_id: `s-${told + place}`, role: roles[(told + place) % roles.length], channel: "email" }));
    told += created.length;
    open.push(...created.map((it) => it.ticket_id));
    const done = open.length > TICKETS_PER_S * 8 ? open.splice(0, created.length) : [];
    const events = [...created.map((data) => envelope("ticket.created", data)), ...done.map((ticket_id) => envelope("ticket.completed", { ticket_id }))];
    if (events.length) await inBatches(events);
    await new Promise((resolve) => setTimeout(resolve, BATCH_MS));
  }
  return told / ((Date.now() - begun) / 1000);
}

const page = await house.page({ viewport: { width: 1920, height: 1080 } });
await page.goto(`${house.base}/#token=${house.token}`);
await until(async () => (await page.locator(".agent").count()) >= Math.min(AGENTS, 400), "the agents are there");
const loading = load();
await until(async () => told > TICKETS_PER_S * 5, "the load is under way");
/** What the page's main thread uses of a core, whoever else is busy there meanwhile, and how many pictures it makes. */
async function mainThread() {
  const devtools = await house.browser.newBrowserCDPSession();
  const events = [];
  devtools.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await devtools.send("Tracing.start", { traceConfig: { includedCategories: ["toplevel", "cc", "devtools.timeline"] } });
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
  const complete = new Promise((resolve) => devtools.once("Tracing.tracingComplete", resolve));
  await devtools.send("Tracing.end");
  await complete;
  const main = new Set(events.filter((it) => it.name === "thread_name" && it.args.name === "CrRendererMain").map((it) => `${it.pid} ${it.tid}`));
  const of = (name) => events.filter((it) => it.ph === "X" && it.name === name && main.has(`${it.pid} ${it.tid}`));
  const sum = (list) => list.reduce((total, it) => total + (it.tdur ?? 0), 0) / 1000;
  const [tasks, frames] = [of("ThreadControllerImpl::RunTask"), of("ProxyMain::BeginMainFrame")];
  return { share: sum(tasks) / SECONDS / 10, frames: frames.length, frameMs: sum(frames) / Math.max(1, frames.length) };
}
const busy = await mainThread();
// And now with a look at every frame, which has the browser draw all of them.
const measured = await page.evaluate((ms) => new Promise((resolve) => {
  const frames = [];
  const tasks = [];
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map((it) => it.duration))).observe({ type: "longtask" });
  let last = performance.now();
  const begun = last;
  const turn = (now) => {
    frames.push(now - last);
    last = now;
    if (now - begun < ms) requestAnimationFrame(turn);
    else resolve({ frames, tasks });
  };
  requestAnimationFrame(turn);
}), SECONDS * 1000);
isOver = true;
const rate = await loading;
const sorted = measured.frames.sort((a, b) => a - b);
const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(1);
console.log(`${AGENTS} agents, ${rate.toFixed(0)} tickets a second, ${SECONDS} s, ${sorted.length} frames (${(sorted.length / SECONDS).toFixed(0)} a second)`);
console.log(`frame: median ${at(0.5)} ms, 99th ${at(0.99)} ms, 99.9th ${at(0.999)} ms, longest ${at(1)} ms; longer than 50 ms: ${sorted.filter((it) => it > 50).length}`);
console.log(`tasks longer than 50 ms: ${measured.tasks.length}${measured.tasks.length ? `, the longest ${Math.max(...measured.tasks)} ms` : ""}`);
console.log(`without that look the page's main thread uses ${busy.share.toFixed(1)} % of a core: ${busy.frames} pictures, ${busy.frameMs.toFixed(1)} ms of a core each`);
await house.close();
