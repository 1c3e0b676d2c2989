// Every page in every language, light and dark, on a wall, a desk and a phone: readable, labelled, within its bounds, and
// asking nobody else.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { House } from "./house.mjs";
import { unlabelled, tooFaint, tooWide } from "./look.mjs";

const PAGES = ["", "tickets", "tickets/look-1", "agents", "agents/looker", "roles", "roles/billing", "roles/%20new", "rules", "rules/Large%20refunds", "rules/%20new", "channels", "channels/chat", "channels/%20new", "reports", "access"];
let house;
before(async () => {
  house = await House.open({ rate: "5" });
  await house.agent("looker", ["billing"]);
  await house.api("POST", "/tickets", { ticket_id: "look-1", type: "invoice", channel: "email" });
});
after(() => house.close());

async function opened(language, options) {
  const page = await house.page(options);
  await page.addInitScript((code) => localStorage.setItem("rolecall-language", code), language);
  await page.goto(`${house.base}/#token=${house.token}`);
  await page.locator("nav").waitFor();
  return page;
}

async function turnTo(page, part) {
  await page.evaluate((hash) => { location.hash = hash; }, `#/${part}`);
  await page.locator("main h1").waitFor();
  await page.waitForFunction(() => !document.querySelector("[aria-busy]"));
}

for (const language of ["en", "pl", "ar"]) {
  test(`every page speaks ${language} throughout, in its direction`, async () => {
    const page = await opened(language);
    for (const part of PAGES) {
      await turnTo(page, part);
      const seen = await page.evaluate(() => ({ dir: document.documentElement.dir, lang: document.documentElement.lang, headings: document.querySelectorAll("h1").length, text: document.body.innerText }));
      assert.equal(seen.dir, language === "ar" ? "rtl" : "ltr");
      assert.equal(seen.lang, language);
      assert.equal(seen.headings, 1, `${part}: one heading of the first order`);
      // A key that no text was found for shows as itself.
      assert.equal(seen.text.match(/\b(?:nav|editor|(?:role|rule|channel)-(?:member|group|column|set|place)|rules|channels|dry-run|option|form|column|stage|why|reason|trigger|status|actions|report)\.[a-z_-]+/)?.[0], undefined, part);
    }
    assert.deepEqual(page.troubles, []);
  });
}

for (const colorScheme of ["light", "dark"]) {
  test(`every control has a name and every text a contrast of 4.5 in the ${colorScheme}`, async () => {
    const page = await opened("en", { colorScheme });
    for (const part of PAGES) {
      await turnTo(page, part);
      assert.deepEqual(await page.evaluate(unlabelled), [], part);
      assert.deepEqual(await page.evaluate(tooFaint), [], part);
    }
  });
}

test("nothing is wider than a phone, from left to right or from right to left", async () => {
  for (const language of ["en", "ar"]) {
    const page = await opened(language, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
    for (const part of PAGES) {
      await turnTo(page, part);
      assert.deepEqual(await page.evaluate(tooWide), [], `${part} in ${language}`);
    }
  }
});

test("who goes on before a page has its answer sees the next page alone", async () => {
  const page = await opened("en");
  await page.evaluate(() => {
    location.hash = "#/roles/billing";
    location.hash = "#/reports";
    location.hash = "#/agents/looker";
    location.hash = "#/tickets";
  });
  await page.getByRole("heading", { name: "Tickets" }).waitFor();
  await page.getByRole("table", { name: "Tickets" }).waitFor();
  assert.equal(await page.locator(".entry-form, .plot, .segments").count(), 0);
  assert.equal(await page.locator("h1").count(), 1);
  assert.deepEqual(page.troubles, []);
});

test("a wall of 1920 by 1080 shows the whole board without scrolling", async () => {
  const page = await opened("en", { viewport: { width: 1920, height: 1080 } });
  await page.locator("article.role").first().waitFor();
  const { scroll, client } = await page.evaluate(() => ({ scroll: document.documentElement.scrollHeight, client: document.documentElement.clientHeight }));
  assert.ok(scroll <= client, `${scroll} of ${client}`);
});

test("the keyboard gets everywhere, and one sees where one is", async () => {
  const page = await opened("en");
  await page.locator("article.role").first().waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "skip");
  const seen = new Set();
  for (let press = 0; press < 40; press += 1) {
    await page.keyboard.press("Tab");
    const { name, outline, isOut } = await page.evaluate(() => {
      const it = document.activeElement;
      return { name: it.tagName + (it.textContent || it.id).slice(0, 20), outline: getComputedStyle(it).outlineStyle, isOut: it === document.body };
    });
    // Behind the last stop the focus leaves the page: while the feed is short there are fewer than 40.
    if (isOut) break;
    seen.add(name);
    assert.notEqual(outline, "none", `${name} does not show that it has the focus`);
  }
  assert.ok(seen.size > 15, [...seen].join());
});

test("the feed is told to a screen reader, and stands still when it is held", async () => {
  const page = await opened("en");
  await page.locator(".line").first().waitFor();
  assert.equal(await page.locator("[role=status][aria-live=polite]").count() > 0, true);
  await page.getByRole("button", { name: "Hold" }).click();
  const before = await page.locator(".line-list").innerText();
  const other = await opened("en");
  await other.locator(".line").first().waitFor();
  await house.api("POST", "/tickets", { ticket_id: "look-held", type: "invoice", channel: "email" });
  // By the time that another wall shows it, this one has heard of it too.
  await other.locator(".line", { hasText: "look-held" }).waitFor();
  assert.equal(await page.locator(".line-list").innerText(), before);
});

test("a connection that is lost is said, and taken up again by itself", async () => {
  const page = await opened("en");
  await page.getByText("Live", { exact: true }).waitFor();
  // One that is refused stands for one that broke off: the stream that is open has to end first.
  await page.route("**/api/v1/stream", (route) => route.abort());
  await page.evaluate(() => { location.reload(); });
  await page.locator(".link", { hasText: "Connection lost" }).waitFor();
  await page.unroute("**/api/v1/stream");
  await page.getByText("Live", { exact: true }).waitFor();
  await page.locator("article.role").first().waitFor();
});

test("reports have their plots, their tables and their files", async () => {
  const page = await opened("en");
  await turnTo(page, "reports");
  await page.locator("svg.plot").first().waitFor();
  assert.equal(await page.locator("svg.plot").count(), 4);
  assert.equal(await page.locator(".plot-panel table").count(), 4);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "CSV" }).first().click()]);
  assert.match(download.suggestedFilename(), /\.csv$/);
  assert.equal(await download.failure(), null);
});

test("days are UTC's and are called so west of it, and a day of 25 hours is one", async () => {
  const page = await opened("en", { timezoneId: "America/New_York" });
  await turnTo(page, "reports");
  await page.getByLabel("Period").selectOption("7");
  const table = page.getByRole("region", { name: "Volume" }).getByRole("table");
  await table.getByRole("columnheader", { name: "Day (UTC)" }).waitFor();
  const today = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" }).format(new Date());
  assert.equal(await table.getByRole("rowheader").first().innerText(), today);
  const berlin = await opened("en", { timezoneId: "Europe/Berlin" });
  await turnTo(berlin, "reports");
  await berlin.getByLabel("Period").selectOption("own");
  await berlin.getByLabel("From", { exact: true }).fill("2026-10-25");
  const [asked] = await Promise.all([
    berlin.waitForRequest((request) => request.url().includes("from=2026-10-24T22%3A00") && request.url().includes("to=2026-10-25T")),
    berlin.getByLabel("To", { exact: true }).fill("2026-10-25"),
  ]);
  assert.equal(new URL(asked.url()).searchParams.get("to"), "2026-10-25T23:00:00.000Z");
});

test("the language and the colours are chosen on the page and stay", async () => {
  const page = await house.logIn(house.token);
  await page.getByLabel("Language, appearance, log out").click();
  await page.getByLabel("Light or dark", { exact: true }).selectOption("dark");
  await page.getByLabel("Language", { exact: true }).selectOption("pl");
  await page.getByRole("heading", { name: "Tablica" }).waitFor({ state: "attached" });
  await page.reload();
  await page.getByRole("heading", { name: "Tablica" }).waitFor({ state: "attached" });
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(11, 14, 19)");
});
