// A ticket comes, is assigned, and says why; one that waits says why within three presses.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { House } from "./house.mjs";

let house;
before(async () => {
  house = await House.open();
  await house.api("POST", "/roles", { name: "fishing", description: "Fish", ticket_types: ["fish"] });
});
after(() => house.close());

test("a ticket arrives on the wallboard, is assigned, and its line says why", async () => {
  await house.agent("fisher", ["fishing"]);
  const page = await house.logIn(house.token);
  await page.getByRole("heading", { name: "fishing" }).waitFor();
  await house.api("POST", "/tickets", { ticket_id: "fish-1", type: "fish", channel: "email" });
  const line = page.getByRole("listitem").filter({ hasText: "fish-1" }).filter({ hasText: "at once" });
  await line.waitFor();
  await line.getByRole("button", { name: "fish-1" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("It is for fishing: its type is one of that role’s.").waitFor();
  await dialog.getByText("fisher was chosen because it came, and an agent was free.").waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await page.getByRole("dialog").count(), 0);
  assert.deepEqual(page.troubles, []);
});

test("why a ticket waits is found by its id, with the keyboard alone", async () => {
  await house.agent("fisher", ["fishing"], "away");
  await house.api("POST", "/tickets", { ticket_id: "fish-2", type: "fish", channel: "email" });
  const page = await house.logIn(house.token);
  await page.getByRole("heading", { name: "Wallboard" }).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("fish-2");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "fish-2" }).waitFor();
  await page.getByText("It waits for an agent who could take it to come.").waitFor();
  await page.getByText("1 agent has a role that it asks for: 1 not online.").waitFor();
  assert.deepEqual(page.troubles, []);
});

test("why the longest wait waits is one press away on the wallboard", async () => {
  const page = await house.logIn(house.token);
  const card = page.getByRole("article").filter({ has: page.getByRole("heading", { name: "fishing" }) });
  await card.getByRole("button").click();
  await page.getByRole("dialog").getByText("It waits for an agent who could take it to come.").waitFor();
  assert.deepEqual(page.troubles, []);
});

test("a connection that is taken up again is told as such, also where nothing has happened meanwhile", async () => {
  const page = await house.logIn(house.token);
  await page.locator("article.role").first().waitFor();
  await page.evaluate(() => window.cutStream());
  await page.locator(".link[data-state=lost]").waitFor({ timeout: 2_000 });
  await page.locator(".link[data-state=live]").waitFor({ timeout: 5_000 });
});

test("on a ticket's page links stay where they are while it waits, and a passing trouble passes", async () => {
  const page = await house.logIn(house.token);
  await page.goto(`${house.base}/#/tickets/fish-2`);
  const again = () => Promise.all([
    page.waitForResponse((answer) => answer.url().includes("/explanation")),
    page.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))),
  ]);
  const link = page.locator(".why-agents").getByRole("link", { name: "fisher" });
  await link.focus();
  const before = await link.elementHandle();
  await again();
  await again();
  assert.equal(await before.evaluate((it) => it.isConnected && document.activeElement === it), true);
  await page.route("**/explanation*", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: "{}" }));
  await again();
  await page.getByText("The daemon answered 503.").waitFor();
  await page.unroute("**/explanation*");
  await again();
  await page.getByText("The daemon answered 503.").waitFor({ state: "detached" });
  await page.getByText("It waits for an agent who could take it to come.").waitFor();
});

test("of a ticket that waits for its role to open its page says so, and until when", async () => {
  const page = await house.logIn(house.token);
  await page.route("**/explanation*", async (route) => {
    const answer = await route.fetch();
    const { queues, waits_for: what, considered, ...why } = await answer.json();
    await route.fulfill({ response: answer, json: { ...why, phase: "deferred", not_before: "2030-11-25T08:00:00.000Z" } });
  });
  await page.goto(`${house.base}/#/tickets/fish-2`);
  await page.getByText(/^Its role is closed: it waits aside until .*2030.*, when that opens\.$/).waitFor();
  await page.unroute("**/explanation*");
  assert.deepEqual(page.troubles, []);
});

test("a ticket is raised, assigned by hand, given back and cancelled, and its history says so", async () => {
  const page = await house.logIn(house.token);
  await page.goto(`${house.base}/#/tickets/fish-2`);
  await page.getByLabel("Priority").selectOption("urgent");
  await page.getByRole("button", { name: "Set priority" }).click();
  await page.getByText("priority 9").waitFor();
  await page.getByLabel("To the agent").or(page.getByLabel("Agent", { exact: true })).first().fill("fisher");
  await page.getByRole("button", { name: "Assign", exact: true }).click();
  await page.getByText("It is with fisher, for fishing").waitFor();
  await page.getByRole("table", { name: "Who had it" }).getByText("still has it").waitFor();
  await page.getByRole("button", { name: "Back to the queue" }).click();
  await page.getByRole("table", { name: "Who had it" }).getByText("given back").waitFor();
  await page.getByRole("button", { name: "Cancel the ticket" }).click();
  await page.getByText("It has ended at").waitFor();
  assert.deepEqual(page.troubles, []);
});

test("a ticket that waits aside for its time is handed on, and waits on as the other role's", async () => {
  await house.api("POST", "/tickets", { ticket_id: "fish-later", type: "fish", channel: "email", not_before: "2030-01-01T00:00:00Z" });
  const page = await house.logIn(house.token);
  await page.goto(`${house.base}/#/tickets/fish-later`);
  await page.locator(".badge[data-stage=scheduled]").waitFor();
  await page.getByLabel("Role", { exact: true }).fill("general");
  await page.getByRole("button", { name: "Transfer", exact: true }).click();
  await page.getByText("It is handed on.").first().waitFor();
  await page.locator(".facts").getByRole("link", { name: "general" }).waitFor();
  await page.locator(".badge[data-stage=scheduled]").waitFor();
  assert.deepEqual(page.troubles, []);
});

test("a priority that is set while somebody owns the ticket is said to count later", async () => {
  await house.api("POST", "/tickets", { ticket_id: "fish-owned", type: "fish", channel: "email" });
  await house.api("POST", "/tickets/fish-owned/assign", { agent_id: "fisher" });
  const page = await house.logIn(house.token);
  await page.goto(`${house.base}/#/tickets/fish-owned`);
  await page.getByText("It is with fisher, for fishing").waitFor();
  await page.getByLabel("Priority").selectOption("urgent");
  await page.getByRole("button", { name: "Set priority" }).click();
  await page.getByText("It is noted, and counts as soon as the ticket goes on.").first().waitFor();
  await page.getByText("priority 3").waitFor();
  await page.getByRole("button", { name: "Back to the queue" }).click();
  await page.getByText("priority 9").waitFor();
  await house.api("POST", "/tickets/fish-owned/cancel", {});
  assert.deepEqual(page.troubles, []);
});

test("a ticket made by hand leads to its page, and nobody has heard of one that is not there", async () => {
  const page = await house.logIn(house.token);
  await page.goto(`${house.base}/#/tickets`);
  await page.getByText("New ticket").click();
  await page.getByLabel("Id (made up where empty)").fill("fish-3");
  await page.getByLabel("Type", { exact: true }).fill("fish");
  await page.getByRole("button", { name: "Create ticket" }).click();
  await page.getByRole("link", { name: "fish-3 is there" }).click();
  await page.getByRole("heading", { name: "fish-3" }).waitFor();
  await page.goto(`${house.base}/#/tickets/no-such-fish`);
  await page.getByText("There is no such ticket, nor does the chronicle remember one.").waitFor();
  assert.deepEqual(page.troubles, []);
});

test("a ticket and an agent whose names are steps in an address are opened, and something is done to them", async () => {
  await house.api("POST", "/events", [
    { type: "agent.registered", data: { agent_id: ".", roles: ["fishing"] } },
    { type: "ticket.created", data: { ticket_id: "..", type: "fish", channel: "email", exclude_agents: ["fisher"] } },
  ].map((event, place) => ({ specversion: "1.0", id: `steps-${place}`, source: "/test", ...event })));
  const page = await house.logIn(house.token);
  await page.goto(`${house.base}/#/agents/.`);
  await page.getByRole("button", { name: "+ general" }).click();
  await page.getByText("The role general is given.").first().waitFor();
  await page.goto(`${house.base}/#/tickets/..`);
  await page.getByRole("heading", { name: "..", exact: true }).waitFor();
  await page.getByText("It waits").first().waitFor();
  await page.getByRole("button", { name: "Cancel the ticket" }).click();
  await page.getByText("It has ended at").waitFor();
  assert.deepEqual(page.troubles, []);
});
