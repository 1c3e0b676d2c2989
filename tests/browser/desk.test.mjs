// An agent's own desk: what it holds keeps its place, whatever comes and goes, and an offer makes itself heard.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { House, until } from "./house.mjs";

let house;
before(async () => {
  house = await House.open();
  await house.api("POST", "/roles", { name: "ringing", ticket_types: ["ring"], acceptance: "offer", offer_timeout: "1h", decline_cooldown: "1h", wrap_up: "0s" });
});
after(() => house.close());

let desks = 0;
/** The desk of an agent of its own, that leaves nothing for the next one. */
async function desk(t) {
  const id = `desk-${++desks}`;
  await house.agent(id, ["ringing"]);
  const { token } = await house.makeToken(id, "agent", { agent_id: id });
  const page = await house.logIn(token);
  t.after(() => leave(page));
  await page.getByRole("heading", { name: id, exact: true }).waitFor();
  return page;
}
const rung = [];
const ring = (id) => {
  rung.push(id);
  return house.api("POST", "/tickets", { ticket_id: id, type: "ring", channel: "chat" });
};
/** Presses where this button stands now, whatever stands there later. */
async function presser(page, name) {
  const button = page.getByRole("button", { name, exact: true });
  await button.click({ trial: true });
  const { x, y } = await button.boundingBox();
  return () => page.mouse.click(x + 10, y + 10);
}
const stage = async (id) => (await house.api("GET", `/tickets/${id}`)).stage;
async function leave(page) {
  await page.close();
  for (const id of rung.splice(0)) await house.api("POST", `/tickets/${id}/cancel`, {}).catch(() => {});
  await house.api("PUT", `/agents/desk-${desks}/presence`, { status: "offline" });
}

test("a double click accepts and does no more, and the focus goes on with the ticket", async (t) => {
  const page = await desk(t);
  await ring("twice-1");
  const press = await presser(page, "Accept twice-1");
  await press();
  await page.getByText("works on it").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Complete twice-1");
  await page.keyboard.press("Enter");
  const { x, y } = await page.getByRole("button", { name: "Complete twice-1" }).boundingBox();
  await page.mouse.click(x + 10, y + 10);
  await page.waitForTimeout(200);
  assert.equal(await stage("twice-1"), "assigned");
  // A moment later it was meant.
  await page.getByRole("button", { name: "Complete twice-1" }).click();
  await page.getByText("Nothing at the moment.").waitFor();
  assert.deepEqual(page.troubles, []);
});

test("a new offer comes below the others, and what moves up takes no press that was meant for another", async (t) => {
  const page = await desk(t);
  await ring("row-b");
  await page.getByRole("button", { name: "Accept row-b" }).waitFor();
  const first = await page.getByRole("button", { name: "Decline row-b" }).elementHandle();
  await first.focus();
  await ring("row-a");
  await page.getByRole("button", { name: "Accept row-a" }).waitFor();
  assert.deepEqual(await page.locator("tbody th").allInnerTexts(), ["row-b", "row-a"]);
  assert.equal(await first.evaluate((it) => document.activeElement === it), true);
  const press = await presser(page, "Decline row-b");
  await press();
  await page.getByText("row-b").waitFor({ state: "detached" });
  await press();
  await page.waitForTimeout(200);
  assert.equal(await stage("row-a"), "offered");
  assert.deepEqual(page.troubles, []);
});

test("on a ticket's page a double click accepts and does no more", async (t) => {
  const page = await desk(t);
  await ring("page-1");
  await page.getByRole("link", { name: "page-1" }).click();
  const press = await presser(page, "Accept");
  await press();
  await page.getByRole("button", { name: "Complete", exact: true }).waitFor();
  await press();
  await page.waitForTimeout(200);
  assert.equal(await stage("page-1"), "assigned");
  assert.notEqual(await page.evaluate(() => document.activeElement.tagName), "BODY");
  assert.deepEqual(page.troubles, []);
});

test("an offer is said and counted in the title, and the desk beats", async (t) => {
  const page = await house.page();
  t.after(() => leave(page));
  const beats = [];
  page.on("request", (request) => { if (request.url().endsWith("/heartbeat")) beats.push(request.method()); });
  const id = `desk-${++desks}`;
  await house.agent(id, ["ringing"]);
  const { token } = await house.makeToken(id, "agent", { agent_id: id });
  await page.clock.install();
  await page.goto(house.base);
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: id, exact: true }).waitFor();
  await until(async () => beats.length === 1, "a beat at once");
  await page.clock.fastForward(21_000);
  await until(async () => beats.length === 2, "and after 20 s");
  assert.equal(await page.title(), `${id} · rolecall`);
  await ring("loud-1");
  await page.clock.fastForward(2_000);
  await page.getByRole("button", { name: "Accept loud-1" }).waitFor();
  assert.equal(await page.title(), `(1) ${id} · rolecall`);
  assert.equal(await page.locator("#announcer").innerText(), "Offered to you: loud-1.");
  await page.getByRole("navigation").getByRole("link", { name: "Tickets" }).click();
  await page.getByRole("heading", { name: "Tickets" }).waitFor();
  await until(async () => (await page.title()) === "Tickets · rolecall", "the count goes with the desk");
});

test("a channel is switched under the status that one has now, also where only its name is another", async (t) => {
  const page = await desk(t);
  const agent = await house.api("GET", `/agents/desk-${desks}`);
  let called = "lunch";
  const asked = [];
  await page.route(`**/api/v1/agents/desk-${desks}`, (route) => {
    asked.push(called);
    return route.fulfill({ json: { ...agent, status: "away", status_name: called, room: "away" } });
  });
  await until(async () => asked.filter((it) => it === "lunch").length > 1, "it is at lunch");
  called = "meeting";
  await until(async () => asked.filter((it) => it === "meeting").length > 1, "it is in a meeting");
  await page.route("**/presence", (route) => route.fulfill({ json: {} }));
  const [request] = await Promise.all([page.waitForRequest("**/presence"), page.getByRole("button", { name: /chat$/ }).click()]);
  assert.equal(request.postDataJSON().status, "meeting");
});
