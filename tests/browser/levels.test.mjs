// Who comes in at which level sees what that level may, and nothing else.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { House } from "./house.mjs";

let house;
before(async () => { house = await House.open(); });
after(() => house.close());

const navigation = (page) => page.getByRole("navigation").getByRole("link").allInnerTexts();

test("a wrong token is refused in words, and the right one opens", async () => {
  const page = await house.page();
  await page.goto(house.base);
  await page.getByLabel("Token").fill("not-a-token");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("This token is not valid.").waitFor();
  await page.getByLabel("Token").fill(house.token);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: "Wallboard" }).waitFor();
  // The page has a session that no script can read, and keeps no token.
  const cookies = await page.context().cookies();
  assert.deepEqual(cookies.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite]), [["rolecall_session", true, "Strict"]]);
  assert.equal(await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage })), "{}");
  assert.deepEqual(page.troubles, []);
});

test("an owner sees every page", async () => {
  const { token } = await house.makeToken("olga", "owner");
  const page = await house.logIn(token);
  assert.deepEqual(await navigation(page), ["Wallboard", "Tickets", "Agents", "Roles", "Rules", "Channels", "Reports", "Access"]);
  await page.getByRole("link", { name: "Access" }).click();
  await page.getByRole("heading", { name: "Tokens" }).waitFor();
  await page.getByRole("heading", { name: "Audit log" }).waitFor();
  assert.deepEqual(page.troubles, []);
});

test("an admin sees the audit log and no tokens", async () => {
  const { token } = await house.makeToken("adam", "admin");
  const page = await house.logIn(token);
  assert.deepEqual(await navigation(page), ["Wallboard", "Tickets", "Agents", "Roles", "Rules", "Channels", "Reports", "Access"]);
  await page.getByRole("link", { name: "Access" }).click();
  await page.getByRole("heading", { name: "Audit log" }).waitFor();
  assert.equal(await page.getByRole("heading", { name: "Tokens" }).count(), 0);
  assert.deepEqual(page.troubles, []);
});

test("an agent has a desk: its presence, what it holds, and none of the others", async () => {
  await house.agent("desk-anna", ["billing"], "offline");
  const { token } = await house.makeToken("anna", "agent", { agent_id: "desk-anna" });
  const page = await house.logIn(token);
  await page.getByRole("heading", { name: "desk-anna" }).waitFor();
  const pages = await navigation(page);
  assert.ok(pages.includes("My desk") && !pages.includes("Rules") && !pages.includes("Channels") && !pages.includes("Wallboard") && !pages.includes("Reports") && !pages.includes("Access"), pages.join());
  await page.getByRole("button", { name: "online", exact: true }).click();
  await page.getByText("Presence is now: online.").first().waitFor();
  const { status } = await house.api("GET", "/agents/desk-anna");
  assert.equal(status, "online");
  await page.getByRole("group", { name: "Channels" }).getByRole("button", { name: "call" }).click();
  await page.getByText("call is switched off.").first().waitFor();
  assert.deepEqual((await house.api("GET", "/agents/desk-anna")).channels_off, ["call"]);
  await page.getByRole("navigation").getByRole("link", { name: "Roles" }).click();
  await page.getByRole("table", { name: "Roles" }).getByRole("link", { name: "billing" }).click();
  await page.getByText("You may look at this role and not change it.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Save" }).count(), 0);
  assert.deepEqual(page.troubles, []);
});

test("an agent takes an offer at its desk, works on it, and completes it", async () => {
  await house.api("POST", "/roles", { name: "ringing", ticket_types: ["ring"], acceptance: "offer", offer_timeout: "1h" });
  await house.agent("desk-ben", ["ringing"]);
  const { token } = await house.makeToken("ben", "agent", { agent_id: "desk-ben" });
  const page = await house.logIn(token);
  await house.api("POST", "/tickets", { ticket_id: "ring-1", type: "ring", channel: "chat" });
  await page.getByRole("button", { name: "Accept ring-1" }).click();
  await page.getByText("works on it").waitFor();
  await page.getByRole("link", { name: "ring-1" }).click();
  await page.getByText("It is with desk-ben, for ringing").waitFor();
  await page.getByRole("button", { name: "Complete" }).click();
  await page.goto(`${house.base}/#/desk`);
  await page.getByText("Nothing at the moment.").waitFor();
});

/** Has the next requests of a method to an address fail. */
const failing = (page, method, path, answer) => page.route(`**/api/v1/${path}`, (route) => (route.request().method() === method ? answer(route) : route.continue()));
const problem = (status, code) => (route) => route.fulfill({ status, contentType: "application/problem+json", body: JSON.stringify({ status, code }) });

test("a log-in that the daemon can't take now is told, and no token is kept", async () => {
  for (const [status, said] of [[503, "The daemon answered 503."], [403, "The daemon answered 403."]]) {
    const page = await house.page();
    await failing(page, "POST", "sessions", problem(status, "not_now"));
    await page.goto(house.base);
    await page.getByLabel("Token").fill(house.token);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText(said).waitFor();
    assert.equal(await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage })), "{}");
    assert.equal(await page.getByRole("navigation").count(), 0);
  }
});

test("where the daemon has no sessions a token that opens nothing is not kept", async () => {
  const page = await house.page();
  await failing(page, "POST", "sessions", problem(404, "no_such_page"));
  await failing(page, "GET", "me", problem(503, "not_now"));
  await page.goto(house.base);
  await page.getByLabel("Token").fill(house.token);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("The daemon answered 503.").waitFor();
  assert.equal(await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage })), "{}");
});

test("who could not be logged out is told so, and stays in", async () => {
  const page = await house.logIn(house.token);
  await failing(page, "DELETE", "sessions", problem(503, "disk_full"));
  await page.getByLabel("Language, appearance, log out").click();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByText("The daemon answered 503.").waitFor();
  await page.unroute("**/api/v1/sessions");
  await failing(page, "DELETE", "sessions", (route) => route.abort());
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByText("The daemon can't be reached.").waitFor();
  assert.equal(await page.getByRole("navigation").count(), 1);
  await page.unroute("**/api/v1/sessions");
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("Token").waitFor();
});

test("whose right to the figures ends while they look is told so, and sees what is left to them", async () => {
  await house.api("POST", "/roles", { name: "watching", permissions: ["reports.view"] });
  await house.agent("desk-eva", ["watching", "billing"], "offline");
  const { token } = await house.makeToken("eva", "agent", { agent_id: "desk-eva" });
  const page = await house.logIn(token);
  await page.getByRole("heading", { name: "Wallboard" }).waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  await house.api("PUT", "/agents/desk-eva", { roles: ["billing"] });
  await page.evaluate(() => window.cutStream());
  await page.locator(".link", { hasText: "You may no longer see the live figures." }).waitFor();
  await page.getByRole("heading", { name: "desk-eva" }).waitFor();
  const pages = await navigation(page);
  assert.ok(pages.includes("My desk") && !pages.includes("Wallboard"), pages.join());
  assert.deepEqual(page.troubles.filter((it) => !it.includes("status of 403")), []);
});

test("who has to log in again finds the form as it was filled in, and nobody else does", async () => {
  const page = await house.logIn(house.token);
  // Whichever question of the page comes first has its reader log in again: that button may be gone by then.
  const sessionEnds = async () => {
    await page.context().clearCookies();
    await page.getByRole("button", { name: "Save" }).click({ timeout: 3000 }).catch(() => {});
    await page.getByLabel("Token").waitFor();
  };
  await page.goto(`${house.base}/#/roles/billing`);
  await page.locator(".staff-list li").first().waitFor();
  await page.getByLabel("Description").fill("Half of a sent");
  await sessionEnds();
  await page.getByLabel("Token").fill(house.token);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: "billing" }).waitFor();
  assert.equal(await page.getByLabel("Description").inputValue(), "Half of a sent");
  await page.getByLabel("Description").fill("Half of a sentence");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The role is saved and in force.").first().waitFor();
  assert.equal((await house.api("GET", "/roles/billing")).description, "Half of a sentence");
  const { token } = await house.makeToken("olga-2", "owner");
  await page.getByLabel("Description").fill("A secret");
  await sessionEnds();
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: "billing" }).waitFor();
  assert.equal(await page.getByLabel("Description").inputValue(), "Half of a sentence");
});

test("who logs out is out, also after loading anew", async () => {
  const page = await house.logIn(house.token);
  await page.getByLabel("Language, appearance, log out").click();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("Token").waitFor();
  await page.reload();
  await page.getByLabel("Token").waitFor();
  assert.equal(await page.getByRole("navigation").count(), 0);
});

test("a screen on a wall comes in by its address, which forgets the token", async () => {
  const page = await house.page();
  await page.goto(`${house.base}/#token=${house.token}`);
  await page.getByRole("heading", { name: "Wallboard" }).waitFor();
  assert.ok(!page.url().includes(house.token), page.url());
  // Its session is over, as after a restart of the daemon: nobody stands before it to log in again.
  await page.context().clearCookies();
  await page.reload();
  await page.getByRole("heading", { name: "Wallboard" }).waitFor();
  assert.equal((await page.context().cookies()).length, 1);
});
