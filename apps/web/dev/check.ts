// Walks through the UI in a real browser and asserts what a user would miss:  node dev/check.ts [base url]
// Needs the fixture server.

import assert from "node:assert/strict";
import { openBrowser, type Page } from "./browser.ts";
import { say } from "./say.ts";

const base = process.argv[2] ?? "http://127.0.0.1:5100";
const trace = `${base}/trace/4bf92f3577b34da6000000000000aaaa`;
const browser = await openBrowser();
const page = await browser.newPage({ viewport: { width: 1440, height: 860 } });
const problems: string[] = [];
page.on("pageerror", (error) => problems.push(String(error.message)));
page.on("console", (message) => {
  if (message.type?.() === "error" && !message.text?.().includes("status of 40"))
    problems.push(String(message.text?.()));
});

async function until(what: string, script: string): Promise<void> {
  for (let i = 0; i < 100; i++) {
    if (await page.evaluate<boolean>(`Boolean(${script})`)) return;
    await page.waitForTimeout(50);
  }
  assert.fail(`${what}: never became true: ${script}; at ${page.url()}`);
}

const rowCount = 'Number(document.querySelector("[role=treegrid]")?.getAttribute("aria-rowcount"))';
const selected = 'document.querySelector("[role=row][aria-selected=true]")';
const count = 'document.querySelector("[class*=count]")?.textContent';

async function step(name: string, act: (page: Page) => Promise<void>): Promise<void> {
  await act(page);
  say(`ok  ${name}`);
}

await step("a row of the services table opens its service", async () => {
  await page.goto(`${base}/`);
  await page.waitForSelector("tbody tr");
  await page.click("tbody tr:nth-child(3) td:nth-child(4)");
  await until(
    "service page",
    'location.pathname === "/services/basket" && document.querySelector(".uplot")',
  );
});
await step("a brush on the heat map searches its region", async () => {
  await page.waitForSelector("canvas[aria-label^='Latency heat map']");
  await page.waitForTimeout(300);
  const box = await page.evaluate<{ x: number; y: number }>(
    "document.querySelector(\"canvas[aria-label^='Latency heat map']\").getBoundingClientRect().toJSON()",
  );
  await page.mouse.move(box.x + 300, box.y + 30);
  await page.mouse.down();
  await page.mouse.move(box.x + 420, box.y + 100);
  await page.mouse.up();
  await until(
    "search of the region",
    'location.pathname === "/search" && /min=.*max=/.test(location.search) && location.search.includes("service=basket")',
  );
});
await step("an attribute condition is completed, added and removed", async () => {
  await page.goto(`${base}/search`);
  await page.waitForSelector("input[aria-label='Attribute key']");
  await page.fill("input[aria-label='Attribute key']", "db");
  await until(
    "suggestion",
    'document.querySelector("[role=option]")?.textContent.includes("db.system.name")',
  );
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.fill("input[aria-label='Attribute value']", "redis");
  await page.keyboard.press("Enter");
  await until(
    "condition in the address",
    'decodeURIComponent(location.search).includes("attr=span:db.system.name=redis")',
  );
  await page.click("button[aria-label='Remove this condition']");
  await until("condition gone", '!location.search.includes("attr")');
});
await step("load more follows the cursor to the end", async () => {
  await until("first page", 'document.body.textContent.includes("100+ traces")');
  await page.evaluate("document.querySelector('[class*=list]').scrollTo(0, 1e6)");
  await page.click("button:has-text('Load more')");
  await until("second page", 'document.body.textContent.includes("200+ traces")');
});
await step("a trace opens with a row for each span and placeholder", async () => {
  await page.goto(trace);
  await until("rows", `${rowCount} === 75`);
});
await step("hostile names stay text", async () => {
  assert.equal(
    await page.evaluate("document.querySelectorAll('#root img, #root b, #root script').length"),
    0,
  );
});
await step("keys select, collapse, expand and find errors", async () => {
  await page.keyboard.press("ArrowDown");
  await until("first row", `${selected}?.dataset.row === "0"`);
  await page.keyboard.press("ArrowLeft");
  await until(
    "collapsed",
    `${rowCount} < 75 && ${selected}?.getAttribute("aria-expanded") === "false"`,
  );
  await page.keyboard.press("]");
  await until("expanded", `${rowCount} === 75`);
  await page.keyboard.press("e");
  await until(
    "next error",
    `${selected}?.textContent.includes("error") && ${selected}.dataset.row !== "0"`,
  );
});
await step("search counts, steps and clears", async () => {
  await page.keyboard.press("/");
  await page.keyboard.type("stock");
  await until("count", `/\\/ 19/.test(${count})`);
  await page.keyboard.press("Enter");
  await until(
    "a match selected",
    `/^\\d+ \\/ 19/.test(${count}) && location.search.includes("q=stock")`,
  );
  await page.keyboard.press("Escape");
  await until("cleared", `!location.search.includes("q=")`);
  await page.keyboard.press("Escape");
});
await step("a drag on the plot zooms, Back returns", async () => {
  await page.keyboard.press("Escape");
  await until("nothing selected", `${selected} === null && !location.search.includes("span=")`);
  await page.mouse.move(700, 500);
  await page.mouse.down();
  await page.mouse.move(900, 520);
  await page.mouse.up();
  await until("window in the address", 'location.search.includes("view=")');
  await page.evaluate("history.back()");
  await until("whole trace again", '!location.search.includes("view=")');
  await page.keyboard.press("w");
  await until("zoomed by key", 'location.search.includes("view=")');
  await page.keyboard.press("0");
  await until("whole by key", '!location.search.includes("view=")');
});
await step("the minimap's brush sets the window", async () => {
  await page.mouse.move(300, 190);
  await page.mouse.down();
  await page.mouse.move(600, 190);
  await page.mouse.up();
  await until("window in the address", 'location.search.includes("view=")');
});
await step("the drawer shows events, links and logs of a shared address", async () => {
  await page.goto(`${trace}?span=00f067aa0baa0001&tab=logs`);
  await until(
    "logs of the span",
    'document.querySelector("aside")?.textContent.includes("basket 4711 loaded")',
  );
  await page.click("aside button:has-text('Whole trace')");
  await until(
    "script in a log is text",
    'document.querySelector("aside")?.textContent.includes("<script>")',
  );
  await page.click("aside [role=tab]:has-text('Events')");
  await until(
    "events",
    'document.querySelector("aside")?.textContent.includes("PoolExhaustedError")',
  );
});
await step("a missing parent can be shown from the notice", async () => {
  await page.click("[class*=notice] button");
  await until("placeholder", `${selected}?.textContent.includes("Span not received")`);
});
await step("the theme is remembered", async () => {
  await page.click("button[aria-label^='Theme']");
  await page.goto(`${base}/`);
  await until("light theme", 'document.documentElement.dataset.theme === "light"');
});
await step("the list of keys opens and closes", async () => {
  await page.waitForSelector("tbody tr");
  await page.keyboard.press("?");
  await until("open", 'document.querySelector("dialog[open]")');
  await page.keyboard.press("Escape");
  await until("closed", 'document.querySelector("dialog[open]") === null');
});
await step("the map opens a service", async () => {
  await page.goto(`${base}/map`);
  await page.waitForSelector(".react-flow__node");
  await page.waitForTimeout(400);
  await page.click(".react-flow__node:has-text('payment')");
  await until("service", 'location.pathname === "/services/payment"');
});
await step("nothing was thrown and nothing was logged as an error", async () => {
  assert.deepEqual(problems, []);
});
await browser.close();
