// Measures what a user waits for:  node dev/measure.ts [base url]
// Time from navigation to the first drawn row, then frame times while panning, zooming and scrolling.

import { openBrowser, type Page } from "./browser.ts";
import { say } from "./say.ts";

const base = process.argv[2] ?? "http://127.0.0.1:5100";
const id = "4bf92f3577b34da6000000000000";

const recorder = `
  window.frames_ = [];
  window.tasks_ = [];
  let last = performance.now();
  const tick = (now) => { window.frames_.push(now - last); last = now; window.ticking_ = requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  new PerformanceObserver((list) => { for (const e of list.getEntries()) window.tasks_.push(e.duration); }).observe({ entryTypes: ["longtask"] });
`;

async function frames(page: Page, act: () => Promise<void>): Promise<string> {
  await page.evaluate("window.frames_ = []; window.tasks_ = []; 0");
  await act();
  const times = (await page.evaluate<number[]>("window.frames_")).sort((a, b) => a - b);
  const tasks = await page.evaluate<number[]>("window.tasks_");
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
  return `${times.length} frames, median ${at(0.5)} ms, p95 ${at(0.95)} ms, worst ${at(0.9999)} ms, long tasks ${tasks.length}`;
}

/** A turn of the wheel on the plot in every frame for three seconds. */
async function wheel(page: Page, options: string): Promise<void> {
  await page.evaluate(`new Promise((done) => {
    const plot = document.querySelectorAll('[class*="plot"]')[0];
    const box = plot.getBoundingClientRect();
    let i = 0;
    const turn = () => {
      plot.dispatchEvent(new WheelEvent("wheel", { clientX: box.left + 300, clientY: box.top + 100, bubbles: true, cancelable: true, ${options} }));
      if (++i < 180) requestAnimationFrame(turn); else done(0);
    };
    turn();
  })`);
}

const browser = await openBrowser();
for (const [suffix, spans] of [
  ["aaaa", "74"],
  ["bbbb", "10,000"],
  ["cccc", "100,000"],
]) {
  // Once to warm the fixture's own cache, then measured in a fresh page.
  for (const measured of [false, true]) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 860 } });
    await page.goto(`${base}/trace/${id}${suffix}`);
    await page.waitForSelector('[role="treegrid"] [role="row"]', { timeout: 60_000 });
    const opened = await page.evaluate<number>("performance.now()");
    if (!measured) continue;
    await page.waitForTimeout(500);
    await page.evaluate(recorder);
    const marks = await page.evaluate<string>(`(() => {
      const entries = performance.getEntriesByType("resource").filter((e) => /trace-page|worker/.test(e.name)).map((e) => e.name.split("/").at(-1).split("-")[0] + " " + e.startTime.toFixed(0) + ".." + e.responseEnd.toFixed(0));
      const nav = performance.getEntriesByType("navigation")[0];
      return "html " + nav.responseEnd.toFixed(0) + ", dom ready " + nav.domContentLoadedEventEnd.toFixed(0) + ", " + entries.join(", ");
    })()`);
    say(`${spans} spans: open ${opened.toFixed(0)} ms from navigation (${marks})`);
    await page.mouse.move(800, 500);
    for (let i = 0; i < 3; i++) await page.keyboard.press("w");
    say(
      `  pan     ${await frames(page, async () => wheel(page, "shiftKey: true, deltaX: i % 120 < 60 ? 25 : -25"))}`,
    );
    say(
      `  zoom    ${await frames(page, async () => wheel(page, "ctrlKey: true, deltaY: i % 120 < 60 ? 20 : -20"))}`,
    );
    say(
      `  scroll  ${await frames(page, async () => {
        for (let i = 0; i < 100; i++) await page.mouse.wheel(0, 180);
      })}`,
    );
    const search = await page.evaluate<number>(`(async () => {
      const input = document.querySelector('input[aria-label^="Find spans"]');
      const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
      const start = performance.now();
      set.call(input, "stock -redis"); input.dispatchEvent(new Event("input", { bubbles: true }));
      while (!/\\//.test(document.querySelector('[role="status"]')?.textContent ?? "") && !document.body.textContent.match(/– \\/|\\d \\/ /)) await new Promise(requestAnimationFrame);
      return performance.now() - start;
    })()`);
    say(`  search  ${search.toFixed(0)} ms to the count`);
  }
}
await browser.close();
