// A token is made on the page, opens once shown, and shuts whoever used it out when it is revoked.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { House } from "./house.mjs";

let house;
before(async () => { house = await House.open(); });
after(() => house.close());

test("who uses a revoked token is out at the next question", async () => {
  const owner = await house.logIn(house.token);
  await owner.getByRole("link", { name: "Access" }).click();
  await owner.getByText("New token").click();
  await owner.getByLabel("Name").fill("short-lived");
  await owner.getByLabel("Level").selectOption("admin");
  await owner.getByRole("button", { name: "Make token" }).click();
  const token = await owner.locator("code.token").innerText();
  const reader = await house.logIn(token);
  await reader.goto(`${house.base}/#/tickets`);
  await reader.getByRole("heading", { name: "Tickets" }).waitFor();
  await owner.getByRole("button", { name: "Revoke the token of short-lived" }).click();
  await owner.getByText("The token of short-lived is revoked.").first().waitFor();
  await reader.getByRole("button", { name: "Show" }).click();
  await reader.getByLabel("Token").waitFor();
  assert.equal(await reader.getByRole("navigation").count(), 0);
  assert.deepEqual(owner.troubles, []);
  // What was done is in the log on the same page.
  await owner.getByRole("table", { name: "Audit log" }).waitFor();
  await owner.reload();
  await owner.getByRole("cell", { name: "POST /api/v1/tokens" }).first().waitFor();
});
