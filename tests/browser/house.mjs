// A daemon of its own, without a broker and with hardly any traffic but that of the test; and a browser that looks at it.

import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const ROLECALL = process.env.ROLECALL_BIN ?? fileURLToPath(new URL("../../target/debug/rolecall", import.meta.url));
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const PATIENCE_MS = 30_000;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A house with its door open: `base`, the owner's token, and what a test does with them. */
export class House {
  /** `ROLECALL_BASE` and `ROLECALL_TOKEN` name one that runs already. */
  static async open({ rate = "0.01" } = {}) {
    const house = new House();
    if (process.env.ROLECALL_BASE) {
      [house.base, house.token] = [process.env.ROLECALL_BASE, process.env.ROLECALL_TOKEN];
    } else {
      const listen = `127.0.0.1:${await freePort()}`;
      house.process = spawn(ROLECALL, ["demo", "--no-open", "--rate", rate, "--seed", "1", "--http-listen", listen], { stdio: ["ignore", "pipe", "inherit"] });
      house.ended = new Promise((resolve) => house.process.once("exit", resolve));
      for await (const line of createInterface({ input: house.process.stdout })) {
        const found = line.match(/^wallboard: (http:\S+)\/#token=(\S+)/);
        if (!found) continue;
        [, house.base, house.token] = found;
        break;
      }
      if (!house.token) throw new Error(`${ROLECALL} has not said where its wallboard is`);
    }
    await until(async () => (await fetch(`${house.base}/readyz`)).ok, "ready");
    house.browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    return house;
  }

  async close() {
    await this.browser.close();
    this.process?.kill("SIGINT");
    await this.ended;
  }

  /** Asks the API as the owner. */
  async api(method, path, body) {
    const headers = { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" };
    const answer = await fetch(`${this.base}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
    const said = await answer.json().catch(() => null);
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${said?.code}: ${said?.detail}`);
    return said;
  }

  makeToken(name, level, more = {}) {
    return this.api("POST", "/tokens", { name, level, ...more });
  }

  async agent(id, roles, status = "online") {
    await this.api("PUT", `/agents/${id}`, { roles });
    await this.api("PUT", `/agents/${id}/presence`, { status });
  }

  /** A page in a browser of its own. What goes wrong in it is collected in `page.troubles`. */
  async page(options = {}) {
    const context = await this.browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en", ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.troubles = [];
    page.on("pageerror", (error) => page.troubles.push(error.stack));
    page.on("console", (line) => {
      // The answers to a question whether one is known are no troubles.
      const isAsked = line.type() === "error" && /status of 40[149]|status of 412|status of 422/.test(line.text());
      if (["error", "warning"].includes(line.type()) && !isAsked) page.troubles.push(line.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(this.base) && !request.url().startsWith("blob:")) page.troubles.push(`it asks elsewhere: ${request.url()}`);
    });
    page.on("dialog", (dialog) => dialog.accept());
    // With `cutStream()` the stream breaks off, as where the network does.
    await page.addInitScript(() => {
      const ask = window.fetch;
      window.fetch = (path, options) => {
        if (!String(path).endsWith("/api/v1/stream")) return ask(path, options);
        const cut = new AbortController();
        window.cutStream = () => cut.abort();
        return ask(path, { ...options, signal: AbortSignal.any([options.signal, cut.signal]) });
      };
    });
    return page;
  }

  /** A page whose reader has logged in through the form. */
  async logIn(token, options) {
    const page = await this.page(options);
    await page.goto(this.base);
    await page.getByLabel("Token").fill(token);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("navigation").waitFor();
    return page;
  }
}

/** Waits for a condition. */
export async function until(holds, what) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    if (await holds().catch(() => false)) return;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
