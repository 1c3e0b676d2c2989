// Rules and channels: written with the lint beside them, put in order, tried on a ticket that is not made; and nobody overwrites
// anybody.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { House, until } from "./house.mjs";

let house;
before(async () => {
  house = await House.open();
  await house.api("POST", "/roles", { name: "fraud", description: "Stolen cards", ticket_types: ["fraud"] });
});
after(() => house.close());

const order = async () => (await house.api("GET", "/rules")).entries.map((rule) => rule.name);
const open = async (part, token = house.token) => {
  const page = await house.logIn(token);
  await page.goto(`${house.base}/#/${part}`);
  return page;
};

test("an admin makes a rule before another, and tries which role a ticket would get by it", async () => {
  const { token } = await house.makeToken("rhea", "admin");
  const page = await house.logIn(token);
  await page.getByRole("navigation").getByRole("link", { name: "Rules" }).click();
  await page.getByRole("link", { name: "New rule" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Large sums");
  // The lint says what it thinks before anything is saved, beside the form and at the field.
  await page.getByLabel("Condition, in CEL").fill("attributes.amount >");
  await page.getByRole("complementary").getByText("Can't be used").first().waitFor();
  assert.match(await page.locator("#problem-when").innerText(), /condition/);
  await page.getByLabel("Condition, in CEL").fill("attributes.amount > 1000");
  await page.getByLabel("Role (by the ticket’s type where empty)").fill("fraud");
  await page.getByLabel("Skills that it demands besides").fill("de = 4, law");
  await page.getByLabel("When it is tried").selectOption("Large refunds");
  await page.getByRole("complementary").getByText("Nothing to say against it.").or(page.getByRole("complementary").getByText("Hardly meant")).first().waitFor();
  await page.getByRole("button", { name: "Create rule" }).click();
  await page.getByRole("heading", { name: "Large sums" }).waitFor();
  const rule = await house.api("GET", "/rules/Large%20sums");
  assert.deepEqual(rule.set, { role: "fraud", skills: { de: 4, law: 1 } });
  const names = await order();
  assert.equal(names.indexOf("Large sums"), names.indexOf("Large refunds") - 1);

  await page.getByRole("navigation").getByRole("link", { name: "Rules" }).click();
  await page.getByLabel("Type of the ticket").fill("refund");
  await page.getByLabel("Attributes, one a line").fill("amount = 2000");
  await page.getByRole("button", { name: "Try it" }).click();
  await page.getByText("It would go to fraud").waitFor();
  await page.getByText("The rule “Large sums” says so.").waitFor();
  assert.match(await page.locator("tr[aria-current]").innerText(), /Large sums/);
  await page.getByLabel("Attributes, one a line").fill("amount = 250");
  await page.getByRole("button", { name: "Try it" }).click();
  await page.getByText("It would go to billing").waitFor();
  await page.getByText("The rule “Large refunds” says so.").waitFor();
  await page.getByLabel("Type of the ticket").fill("fraud");
  await page.getByRole("button", { name: "Try it" }).click();
  await page.getByText("Its type is one of that role’s.").waitFor();
  assert.equal(await page.locator("tr[aria-current]").count(), 0);
  const { tickets } = await house.api("GET", "/tickets?limit=1000");
  assert.equal(tickets.filter(({ role }) => role === "fraud").length, 0, "no ticket was made");
  assert.deepEqual(page.troubles, []);
});

test("rules change places by the keyboard, and only where they stand as they were looked at", async () => {
  const page = await open("rules");
  const before = await order();
  await page.getByRole("button", { name: `Try ${before[2]} earlier` }).press("Enter");
  const moved = [before[0], before[2], before[1], ...before.slice(3)];
  await page.getByRole("row").nth(2).getByText(before[2]).waitFor();
  assert.deepEqual(await order(), moved);
  // The focus stays with the rule, so that the next press moves it on.
  await page.waitForFunction((name) => document.activeElement.getAttribute("aria-label") === `Try ${name} earlier`, before[2]);
  await page.keyboard.press("Enter");
  await page.getByRole("row").nth(1).getByText(before[2]).waitFor();
  await page.getByRole("button", { name: `Try ${before[2]} later` }).click();
  await page.getByRole("row").nth(2).getByText(before[2]).waitFor();
  assert.deepEqual(await order(), moved);
  // Somebody else puts the last rule first; who has not seen it moves nothing.
  const last = moved.at(-1);
  const { name, ...members } = await house.api("GET", `/rules/${encodeURIComponent(last)}`);
  await house.api("PUT", `/rules/${encodeURIComponent(name)}?before=${encodeURIComponent(moved[0])}`, members);
  const now = await order();
  await page.getByRole("button", { name: `Try ${last} earlier` }).click();
  await page.getByText("Somebody has changed the rules meanwhile.").first().waitFor();
  assert.deepEqual(await order(), now);
  await page.getByRole("row").nth(1).getByText(last).waitFor();
  assert.deepEqual(page.troubles, []);
});

test("a skill's name may hold a colon or an equals sign", async () => {
  await house.api("POST", "/rules", { name: "German", when: "type == 'brief'", set: { skills: { "lang:de": 8 } } });
  const page = await open("rules/German");
  const skills = page.getByLabel("Skills that it demands besides");
  assert.equal(await skills.inputValue(), "lang:de = 8");
  await skills.fill('lang:de = 7, a=b = 2, "c, d" = 3, law');
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The rule is saved and in force.").first().waitFor();
  assert.deepEqual((await house.api("GET", "/rules/German")).set.skills, { "a=b": 2, "c, d": 3, "lang:de": 7, law: 1 });
  assert.deepEqual(page.troubles, []);
});

test("who has looked at an older rule overwrites nothing, and a rule is removed", async () => {
  const page = await open("rules/Large%20sums");
  await page.getByLabel("Raise priority by").fill("2");
  const rule = await house.api("GET", "/rules/Large%20sums");
  await house.api("PUT", "/rules/Large%20sums", { ...rule, when: "attributes.amount > 5000" });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Somebody has changed or moved this rule since you opened it.").waitFor();
  const now = await house.api("GET", "/rules/Large%20sums");
  assert.deepEqual([now.when, now.set.raise_priority], ["attributes.amount > 5000", undefined]);
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByText("Somebody has changed or moved this rule since you opened it.").first().waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByRole("heading", { name: "Rules" }).waitFor();
  assert.ok(!(await order()).includes("Large sums"));
  assert.deepEqual(page.troubles, []);
});

test("a channel is made, changed, and goes back to what holds by default", async () => {
  const page = await open("channels");
  await page.getByRole("link", { name: "New channel" }).click();
  await page.getByLabel("Name", { exact: true }).fill("fax");
  await page.getByLabel("How many an agent holds at most").fill("4");
  await page.getByLabel("Wrap-up").fill("a while");
  await page.getByRole("complementary").getByText("Can't be used").first().waitFor();
  assert.notEqual(await page.locator("#problem-wrap_up").innerText(), "");
  await page.getByLabel("Wrap-up").fill("2m");
  await page.getByRole("complementary").getByText("Can't be used").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Create channel" }).click();
  await page.getByRole("heading", { name: "fax" }).waitFor();
  const made = await house.api("GET", "/channels/fax");
  assert.deepEqual([made.limit, made.wrap_up], [4, "2m"]);
  await page.getByLabel("Acceptance").selectOption("offer");
  await page.getByRole("button", { name: "Save" }).click();
  await until(async () => (await house.api("GET", "/channels/fax")).acceptance === "offer", "saved");
  await page.locator("form").getByText("The channel is saved and in force.").waitFor();
  await house.api("PUT", "/channels/fax", { limit: 9 });
  await page.getByLabel("Cost in capacity units").fill("50");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Somebody has changed this channel since you opened it.").waitFor();
  assert.equal((await house.api("GET", "/channels/fax")).limit, 9);
  await page.reload();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByRole("heading", { name: "Channels" }).waitFor();
  const { entries } = await house.api("GET", "/channels");
  assert.ok(!entries.some(({ name }) => name === "fax"));
  assert.deepEqual(page.troubles, []);
});

test("who may look and not change sees rules and channels without a button", async () => {
  const { token } = await house.makeToken("watcher", "agent", { permissions: ["reports.view"] });
  const page = await open("rules", token);
  await page.getByRole("table", { name: "Rules" }).waitFor();
  assert.equal(await page.getByRole("button", { name: /^Try/ }).count(), 0);
  await page.getByRole("link", { name: "Large refunds" }).click();
  await page.getByText("You may look at this rule and not change it.").waitFor();
  await page.goto(`${house.base}/#/channels/chat`);
  await page.getByText("You may look at this channel and not change it.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Save" }).count(), 0);
  assert.deepEqual(page.troubles, []);
});
