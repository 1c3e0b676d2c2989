// The wallboard when there is much of something, or what seldom changes does; and what is long, far off or oddly spelled on other
// pages.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { House, until } from "./house.mjs";
import { tooWide } from "./look.mjs";

const CROWD = 620;
let house;
before(async () => {
  house = await House.open();
  await house.api("POST", "/roles", { name: "quiet", ticket_types: ["silence"] });
});
after(() => house.close());

/** Says events, as many as there are, a hundred at a time. */
async function sayAll(events) {
  for (let at = 0; at < events.length; at += 100) {
    const list = events.slice(at, at + 100).map(([type, data]) => ({ specversion: "1.0", id: `${type}-${data.agent_id}-${data.status ?? ""}`, source: "/test", type, data }));
    const { failed } = await house.api("POST", "/events", list);
    assert.equal(failed, 0);
  }
}

test("an agent who gets another name is called by it, in its place", async () => {
  await house.agent("renamed", ["quiet"]);
  await house.agent("neighbour", ["quiet"]);
  const page = await house.logIn(house.token);
  const names = () => page.locator(".agent-name").allInnerTexts();
  await page.locator(".agent-name", { hasText: "renamed" }).waitFor();
  await house.api("PUT", "/agents/renamed", { roles: ["quiet"], name: "Aaron" });
  await page.locator(".agent-name", { hasText: "Aaron" }).waitFor();
  const seen = await names();
  assert.ok(!seen.includes("renamed") && seen.indexOf("Aaron") < seen.indexOf("neighbour"), seen.join());
  assert.deepEqual(page.troubles, []);
});

test("where nobody waits there is nothing to press", async () => {
  const page = await house.logIn(house.token);
  const card = page.locator("article.role[data-role=quiet]");
  await card.waitFor();
  assert.equal(await card.getByRole("button").isDisabled(), true);
  await house.api("POST", "/tickets", { ticket_id: "loud", type: "silence", channel: "chat", skills: { nobody: 5 }, role: "quiet" });
  await house.agent("nobody", ["quiet"]);
  await house.api("PUT", "/agents/nobody", { roles: ["quiet"], skills: { nobody: 5 } });
  await house.api("PUT", "/agents/nobody/presence", { status: "away" });
  await house.api("POST", "/tickets", { ticket_id: "louder", type: "silence", channel: "chat", skills: { nobody: 5 }, role: "quiet" });
  await until(async () => !(await card.getByRole("button").isDisabled()), "somebody waits");
});

test("of a crowd that comes and goes at once the first are shown, all are counted, and nobody stays who has gone", async () => {
  const page = await house.logIn(house.token);
  await page.locator(".agent-list").waitFor();
  const ids = Array.from({ length: CROWD }, (_, number) => `crowd-${String(number).padStart(4, "0")}`);
  await sayAll(ids.map((id) => ["agent.registered", { agent_id: id, roles: ["quiet"] }]));
  await sayAll(ids.map((id) => ["agent.presence", { agent_id: id, status: "online" }]));
  await until(async () => (await page.locator(".agent").count()) === 500, "as many as the stream has");
  await page.getByText(/^and 1\d\d more$/).waitFor();
  // Who comes while there is no room is shown as soon as there is.
  await house.agent("late-comer", ["quiet"]);
  await sayAll(ids.map((id) => ["agent.presence", { agent_id: id, status: "offline" }]));
  await until(async () => (await page.locator(".agent", { hasText: "crowd-" }).count()) === 0, "all have gone");
  await page.locator(".agent", { hasText: "late-comer" }).waitFor();
  await until(async () => !(await page.getByText(/^and .* more$/).isVisible()), "all are shown");
  assert.deepEqual(page.troubles, []);
});

test("a percent sign that somebody typed into the address stands for itself", async () => {
  await house.api("POST", "/tickets", { ticket_id: "100%", type: "silence", channel: "email" });
  const page = await house.logIn(house.token);
  await page.goto(`${house.base}/#/tickets/100%`);
  await page.getByRole("heading", { name: "100%" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "100%" }).waitFor();
  assert.deepEqual(page.troubles, []);
});

test("what is of another year says of which", async () => {
  const year = new Date().getUTCFullYear() + 2;
  await house.makeToken("lasting", "agent", { expires_at: `${year}-06-15T12:00:00Z` });
  const page = await house.logIn(house.token);
  await page.getByRole("link", { name: "Access" }).click();
  await page.getByRole("row", { name: /lasting/ }).getByText(String(year)).waitFor();
});

test("a wall shows every role also where there are twice as many", async () => {
  const page = await house.logIn(house.token, { viewport: { width: 1920, height: 1080 } });
  await page.locator("article.role").first().waitFor();
  const before = await page.locator("article.role").count();
  for (let number = before; number < 14; number += 1) await house.api("POST", "/roles", { name: `team-${number}`, ticket_types: [`work-${number}`], target: { answer_within: "15m", for_share: 0.9 } });
  await until(async () => (await page.locator("article.role").count()) === 14, "all roles");
  const { box, cards } = await page.evaluate(() => ({
    box: document.querySelector(".roles").getBoundingClientRect().bottom,
    cards: [...document.querySelectorAll("article.role")].map((it) => it.getBoundingClientRect().bottom),
  }));
  assert.ok(Math.max(...cards) <= box + 1, `${Math.max(...cards)} of ${box}`);
});

test("the longest names there can be do not widen a phone's page", async () => {
  const [agent, ticket, role] = ["a".repeat(128), "t".repeat(128), "r".repeat(128)];
  await house.api("POST", "/roles", { name: role, ticket_types: ["endless"] });
  await house.agent(agent, ["quiet"]);
  await house.api("PUT", `/agents/${agent}`, { roles: ["quiet", role], name: "N".repeat(256) });
  await house.api("POST", "/tickets", { ticket_id: ticket, type: "silence", channel: "email", role: "quiet" });
  await house.api("POST", `/tickets/${ticket}/assign`, { agent_id: agent });
  const page = await house.logIn(house.token, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  const pages = [["", ".agent"], [`tickets/${ticket}`, ".why-lines li"], [`agents/${agent}`, ".pairs dd"], ["tickets", "tbody tr"], ["agents", "tbody tr"], ["roles/quiet", ".staff-list li"]];
  for (const [part, filled] of pages) {
    await page.evaluate((hash) => { location.hash = hash; }, `#/${part}`);
    await page.locator(filled).first().waitFor();
    assert.deepEqual(await page.evaluate(tooWide), [], part);
  }
  const isCut = await page.locator(".staff-list li").evaluateAll((all) => all.some((it) => it.scrollWidth > it.clientWidth + 1));
  assert.equal(isCut, false);
});

test("a name from right to left is read from its beginning, and leaves what stands beside it in its order", async () => {
  const name = "צוות חיובים והחזרים של הצפון ושל הדרום 12";
  await house.api("POST", "/roles", { name, ticket_types: ["mirror"], target: { answer_within: "15m", for_share: 0.9 } });
  await house.api("POST", "/tickets", { ticket_id: "mirrored", role: name, channel: "email" });
  const page = await house.logIn(house.token, { viewport: { width: 1280, height: 800 } });
  const heading = page.locator("article.role h3", { hasText: "צוות" });
  await heading.waitFor();
  const isSeen = await heading.evaluate((it) => {
    const range = document.createRange();
    range.setStart(it.querySelector("a").firstChild, 0);
    range.setEnd(it.querySelector("a").firstChild, 1);
    const [letter, box] = [range.getBoundingClientRect(), it.getBoundingClientRect()];
    return letter.left >= box.left - 1 && letter.right <= box.right + 1;
  });
  assert.equal(isSeen, true);
  await page.goto(`${house.base}/#/tickets/mirrored`);
  const line = page.locator(".why-lines li", { hasText: "צוות" }).first();
  await line.waitFor();
  assert.ok((await line.textContent()).includes(`\u2068${name}\u2069`));
  assert.deepEqual(page.troubles, []);
});

test("a wall that has lost its connection says so in its place, and nothing below moves", async () => {
  const page = await house.logIn(house.token, { viewport: { width: 1920, height: 1080 } });
  await page.locator(".figure").first().waitFor();
  const top = () => page.locator(".figure").first().evaluate((it) => it.getBoundingClientRect().top);
  const before = await top();
  await page.route("**/api/v1/stream", (route) => route.abort());
  await page.evaluate(() => window.cutStream());
  await page.locator(".link", { hasText: "Connection lost" }).waitFor();
  assert.ok(Math.abs((await top()) - before) < 8, `${before} and ${await top()}`);
});

test("whatever others wrote is text on every page, and never markup", async () => {
  const hostile = (what) => `<img src=x onerror="window.taken='${what}'">'"<script>window.taken=1</script>`;
  const [agent, ticket, role, rule] = ["agent", "ticket", "role", "rule"].map(hostile);
  const at = (...parts) => `/${parts.map(encodeURIComponent).join("/")}`;
  await house.api("POST", "/roles", { name: role, description: hostile("description"), responsibilities: [hostile("duty")], ticket_types: [hostile("type")] });
  await house.api("POST", "/rules", { name: rule, when: `subject == "${"<b>bold</b>"}"`, set: { role } });
  await house.api("PUT", at("agents", agent), { roles: [role], name: hostile("name"), skills: { [hostile("skill")]: 5 } });
  await house.api("PUT", `${at("agents", agent)}/presence`, { status: "online", reason: hostile("reason") });
  const customer = { id: hostile("customer"), tier: hostile("tier"), language: hostile("language") };
  await house.api("POST", "/tickets", { ticket_id: ticket, role, channel: hostile("channel"), type: hostile("type"), subject: hostile("subject"), customer, attributes: { [hostile("key")]: hostile("value"), url: "javascript:window.taken=1" } });
  await house.api("POST", `${at("tickets", ticket)}/assign`, { agent_id: agent });
  await house.api("POST", `${at("tickets", ticket)}/transfer`, { to_role: role, note: hostile("note"), by: hostile("giver") });
  await house.api("POST", `${at("tickets", ticket)}/assign`, { agent_id: agent });
  const page = await house.logIn(house.token);
  await page.getByText(hostile("name")).first().waitFor();
  const places = [
    ["/tickets", ticket], [at("tickets", ticket), ticket], ["/agents", hostile("name")], [at("agents", agent), agent],
    ["/roles", hostile("description")], [at("roles", role), hostile("name")], ["/rules", rule], [at("rules", rule), rule], ["/reports", "Reports"], ["/access", "Audit log"],
  ];
  for (const [place, shown] of places) {
    await page.goto(`${house.base}/#${place}`);
    await page.getByRole("main").getByText(shown).first().waitFor();
    const found = await page.evaluate(() => ({
      taken: window.taken ?? null,
      elements: document.querySelectorAll('img[src="x"], script:not([src]), [onerror]').length,
      links: [...document.querySelectorAll("a[href], form[action]")].filter((it) => /^\s*(javascript|data):/i.test(it.getAttribute("href") ?? it.getAttribute("action"))).length,
    }));
    assert.deepEqual(found, { taken: null, elements: 0, links: 0 }, place);
  }
  assert.deepEqual(page.troubles, []);
});
