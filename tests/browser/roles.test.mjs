// A role is made, given to an agent, and gets its tickets, all within a minute; and nobody overwrites anybody.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { House, until } from "./house.mjs";

const MINUTE_MS = 60_000;
let house;
before(async () => {
  house = await House.open();
  await house.agent("seventh", ["general"]);
});
after(() => house.close());

test("an admin makes a seventh role, gives it to an agent, and the next ticket goes there within a minute", async () => {
  const { token } = await house.makeToken("ada", "admin");
  const begun = Date.now();
  const page = await house.logIn(token);
  await page.getByRole("navigation").getByRole("link", { name: "Roles" }).click();
  await page.getByRole("link", { name: "New role" }).click();
  await page.getByRole("complementary").getByText("It is looked at as soon as it has a name.").waitFor();
  await page.getByLabel("Name", { exact: true }).fill("stolen-cards");
  await page.getByLabel("Description").fill("Stolen cards");
  await page.getByLabel("Ticket types").fill("stolen, lost");
  await page.getByLabel("Answered within", { exact: true }).fill("90s");
  await page.getByLabel("Share in percent").fill("90");
  // The lint says what it thinks before anything is saved, beside the form and at the field.
  await page.getByLabel("Permissions", { exact: true }).fill("blocking");
  await page.getByRole("complementary").getByText("Hardly meant").first().waitFor();
  assert.match(await page.locator("#problem-permissions").innerText(), /blocking/);
  await page.getByLabel("Permissions", { exact: true }).fill("card.block");
  await page.getByRole("complementary").getByText("Nothing to say against it.").waitFor();
  await page.getByRole("button", { name: "Create role" }).click();
  await page.getByRole("heading", { name: "stolen-cards" }).waitFor();
  await page.getByText("Nobody has this role yet.").waitFor();
  await page.getByLabel("Agent", { exact: true }).fill("seventh");
  await page.getByRole("button", { name: "Give the role" }).click();
  await page.getByRole("link", { name: "seventh" }).waitFor();
  await house.api("POST", "/tickets", { ticket_id: "card-1", type: "stolen", channel: "email" });
  await page.getByRole("searchbox").first().fill("card-1");
  await page.keyboard.press("Enter");
  await page.getByText("It is with seventh, for stolen-cards").waitFor();
  assert.ok(Date.now() - begun < MINUTE_MS, `${Date.now() - begun} ms`);
  const { roles } = await house.api("GET", "/agents/seventh");
  assert.deepEqual(roles, ["general", "stolen-cards"]);
  assert.deepEqual(page.troubles, []);
});

test("what can't be used is said beside its field, and is not saved", async () => {
  const page = await house.logIn(house.token);
  await page.goto(`${house.base}/#/roles/stolen-cards`);
  await page.getByLabel("Answered within", { exact: true }).fill("ninety");
  await page.getByRole("complementary").getByText("Can't be used").first().waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").filter({ hasText: "▲" }).first().waitFor();
  const role = await house.api("GET", "/roles/stolen-cards");
  assert.equal(role.target.answer_within, "90s");
  assert.deepEqual(page.troubles, []);
});

test("who has looked at an older role overwrites nothing", async () => {
  const page = await house.logIn(house.token);
  await page.goto(`${house.base}/#/roles/stolen-cards`);
  await page.getByLabel("Weight").fill("7");
  const role = await house.api("GET", "/roles/stolen-cards");
  await house.api("PUT", "/roles/stolen-cards", { ...role, description: "Cards that are gone" });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Somebody has changed this role since you opened it.").waitFor();
  const now = await house.api("GET", "/roles/stolen-cards");
  assert.equal(now.description, "Cards that are gone");
  assert.notEqual(now.weight, 7);
  assert.deepEqual(page.troubles, []);
});

test("behind a proxy that packs answers, and calls their tags weak ones, nobody is told of a race that was none", async () => {
  const page = await house.logIn(house.token);
  await page.route("**/api/v1/roles/*", async (route) => {
    const response = await route.fetch();
    const { etag, ...headers } = response.headers();
    await route.fulfill({ response, headers: etag ? { ...headers, etag: `W/${etag}` } : headers });
  });
  await page.goto(`${house.base}/#/roles/stolen-cards`);
  for (const weight of ["3", "4"]) {
    await page.getByLabel("Weight").fill(weight);
    await page.getByRole("button", { name: "Save" }).click();
    await until(async () => String((await house.api("GET", "/roles/stolen-cards")).weight) === weight, "saved");
  }
  assert.equal(await page.getByText("Somebody has changed this role").count(), 0);
  assert.deepEqual(page.troubles, []);
});

test("a role keeps what the form has no field for, is cloned, and goes with another in its place", async () => {
  const role = await house.api("GET", "/roles/stolen-cards");
  await house.api("PUT", "/roles/stolen-cards", { ...role, overflow: [{ after: "1m", waiting_over: 3, raise_priority: 1 }] });
  const page = await house.logIn(house.token);
  await page.goto(`${house.base}/#/roles/stolen-cards`);
  await page.getByLabel("Weight").fill("9");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The role is saved and in force.").first().waitFor();
  const saved = await house.api("GET", "/roles/stolen-cards");
  assert.equal(saved.weight, 9);
  assert.deepEqual(saved.overflow, [{ after: "1m", waiting_over: 3, raise_priority: 1 }]);
  await page.getByLabel("Another like it, named").fill("found-cards");
  await page.getByRole("button", { name: "Clone" }).click();
  await page.getByRole("heading", { name: "found-cards" }).waitFor();
  await page.goto(`${house.base}/#/roles/stolen-cards`);
  await page.getByRole("heading", { name: "stolen-cards" }).waitFor();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByRole("alert").filter({ hasText: "▲" }).first().waitFor();
  await page.locator("form", { has: page.getByRole("button", { name: "Remove", exact: true }) }).getByRole("combobox").fill("found-cards");
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByRole("heading", { name: "Roles" }).waitFor();
  const { roles } = await house.api("GET", "/agents/seventh");
  assert.deepEqual(roles, ["found-cards", "general"]);
  assert.deepEqual(page.troubles, []);
});

test("names that hold a comma stay whole, as they came and as they are typed", async () => {
  await house.api("POST", "/roles", { name: "refunds", ticket_types: ["Refund, partial", "a \"b\""], overflow: [{ after: "1m", add_roles: ["general"] }] });
  await house.api("POST", "/roles", { name: "Desk, first", ticket_types: [] });
  const page = await house.logIn(house.token);
  await page.goto(`${house.base}/#/roles/refunds`);
  const types = page.getByLabel("Ticket types");
  assert.equal(await types.inputValue(), '"Refund, partial", a "b"');
  await page.getByLabel("Weight").fill("3");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The role is saved and in force.").first().waitFor();
  assert.deepEqual((await house.api("GET", "/roles/refunds")).ticket_types, ["Refund, partial", "a \"b\""]);
  await types.fill('"Refund, whole" , "say ""please""", refund');
  await page.getByLabel("Add roles").fill('"Desk, first"');
  await page.getByRole("button", { name: "Save" }).click();
  await until(async () => (await house.api("GET", "/roles/refunds")).ticket_types.length === 3, "saved");
  const { ticket_types: saved, overflow } = await house.api("GET", "/roles/refunds");
  assert.deepEqual([...saved].sort(), ["Refund, whole", "refund", 'say "please"'].sort());
  assert.deepEqual(overflow[0].add_roles, ["Desk, first"]);
  assert.deepEqual(page.troubles, []);
});

test("two roles given at once are both given", async () => {
  await house.agent("eighth", ["general"], "offline");
  const page = await house.logIn(house.token);
  await page.goto(`${house.base}/#/agents/eighth`);
  await page.getByRole("button", { name: "+ refunds" }).waitFor();
  await page.evaluate(() => {
    for (const chip of document.querySelectorAll(".chip")) if (["+ refunds", "+ found-cards"].includes(chip.textContent)) chip.click();
  });
  await page.getByRole("button", { name: "✓ refunds" }).waitFor();
  await page.getByRole("button", { name: "✓ found-cards" }).waitFor();
  assert.deepEqual((await house.api("GET", "/agents/eighth")).roles, ["found-cards", "general", "refunds"]);
  assert.deepEqual(page.troubles, []);
});

test("who is overtaken by another registration of the agent overwrites nothing, and is told what to do", async () => {
  await house.api("PUT", "/agents/seventh", { roles: ["general"], skills: { de: 3 } });
  const page = await house.logIn(house.token);
  await page.goto(`${house.base}/#/agents/seventh`);
  // Somebody else is faster by as much as there is between a look and a change.
  let isOvertaken = false;
  await page.route("**/api/v1/agents/seventh", async (route) => {
    if (route.request().method() === "PUT" && !isOvertaken) {
      isOvertaken = true;
      await house.api("PUT", "/agents/seventh", { roles: ["general"], skills: { de: 8 } });
    }
    await route.continue();
  });
  await page.getByRole("button", { name: "+ found-cards" }).click();
  await page.getByText("nothing was overwritten. Look what it has now").waitFor();
  const kept = await house.api("GET", "/agents/seventh");
  assert.deepEqual([kept.roles, kept.registration.skills], [["general"], { de: 8 }]);
  await page.getByRole("button", { name: "+ found-cards" }).click();
  await page.getByText("The role found-cards is given.").first().waitFor();
  const given = await house.api("GET", "/agents/seventh");
  assert.deepEqual([given.roles, given.registration.skills], [["found-cards", "general"], { de: 8 }]);
  assert.deepEqual(page.troubles, []);
});

test("a role is taken from an agent on the agent's page, and skills and name stay", async () => {
  await house.api("PUT", "/agents/seventh", { name: "Seventh Son", roles: ["general", "found-cards"], skills: { de: 7 }, limits: { chat: 2 } });
  const page = await house.logIn(house.token);
  await page.goto(`${house.base}/#/agents/seventh`);
  await page.getByRole("button", { name: "found-cards" }).click();
  await page.getByText("The role found-cards is taken away.").first().waitFor();
  const agent = await house.api("GET", "/agents/seventh");
  assert.deepEqual([agent.roles, agent.name, agent.registration.skills, agent.registration.limits], [["general"], "Seventh Son", { de: 7 }, { chat: 2 }]);
  assert.deepEqual(page.troubles, []);
});
