// Part `browser`: how long a person waits for a large trace, and how smoothly it moves. A headless
// Chromium opens the server's own UI; drawing is by software, so a real screen card only does better.

import type { Page } from "playwright-core";
import { openBrowser } from "../chromium.ts";
import { quantile } from "../draw.ts";
import type { FigureList } from "../figures.ts";
import { sendLargeTrace } from "../large-trace.ts";
import type { BenchRun } from "../run.ts";
import { ServerProcess } from "../server-process.ts";

const TRACES = [
  { spans: 10_000, goalSeconds: 1 },
  { spans: 100_000, goalSeconds: 3 },
] as const;

/** Notes when the first row of the waterfall has been on a frame, ms since navigation began. */
const FIRST_ROW = `
  const look = () => {
    if (document.querySelector('[role="treegrid"] [role="row"]')) {
      requestAnimationFrame((now) => { window.firstRow_ = Math.max(now, performance.now()); });
    } else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
`;

/** Turns the wheel over the plot in every frame for three seconds; resolves to the times between frames. */
function wheel(options: string): string {
  return `new Promise((done) => {
    const plot = document.querySelector('[class*="plot"]');
    const box = plot.getBoundingClientRect();
    const at = { clientX: box.left + 300, clientY: box.top + 100, bubbles: true, cancelable: true };
    const times = [];
    let last = performance.now();
    const start = last;
    const turn = (now) => {
      times.push(now - last);
      last = now;
      const i = times.length;
      plot.dispatchEvent(new WheelEvent("wheel", { ...at, ${options} }));
      if (now - start < 3000) requestAnimationFrame(turn); else done(times.slice(2));
    };
    requestAnimationFrame(turn);
  })`;
}

const MOVES = [
  ["panning", wheel("shiftKey: true, deltaX: i % 120 < 60 ? 25 : -25")],
  ["zooming", wheel("ctrlKey: true, deltaY: i % 120 < 60 ? 20 : -20")],
] as const;

/** Runs the part. */
export async function benchBrowser(run: BenchRun): Promise<void> {
  const figures = run.figures("browser");
  const server = await ServerProcess.start(run.place);
  try {
    const ui = await fetch(server.url);
    if (ui.status !== 200) throw new Error("the server has no web UI; run npm run build first");
    for (const { spans, goalSeconds } of TRACES) {
      figures.step(`sending a trace of ${spans.toLocaleString("en-US")} spans`);
      const traceId = await sendLargeTrace(server.endpoint("http"), spans, run.nextSeed());
      await server.settle();
      await measureTrace(run, figures, `${server.url}/trace/${traceId}`, spans, goalSeconds);
    }
  } finally {
    await server.dispose();
  }
}

async function measureTrace(
  run: BenchRun,
  figures: FigureList,
  url: string,
  spans: number,
  goalSeconds: number,
): Promise<void> {
  const label = `${spans.toLocaleString("en-US")} spans`;
  const openings: number[] = [];
  const frames = new Map<string, number[]>();
  for (let repetition = 0; repetition < run.scale.browserRepetitions; repetition++) {
    // A browser of its own each time: nothing is in its cache, as for somebody who follows a link.
    const browser = await openBrowser();
    try {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      openings.push(await open(page, url));
      if (repetition > 0) continue;
      frames.set("scrolling", await scroll(page));
      for (const [name, script] of MOVES) frames.set(name, await page.evaluate<number[]>(script));
    } finally {
      await browser.close();
    }
  }
  figures.add(`${label}: to the first rows`, quantile(openings, 0.5) / 1000, "s", {
    goal: { atMost: goalSeconds },
    note: `median of ${openings.length}, greatest ${(Math.max(...openings) / 1000).toFixed(2)} s`,
  });
  for (const [name, times] of frames) listFrames(figures, `${label}: ${name}`, times);
}

async function open(page: Page, url: string): Promise<number> {
  await page.addInitScript(FIRST_ROW);
  await page.goto(url, { waitUntil: "commit" });
  await page.waitForSelector('[role="treegrid"] [role="row"]', { timeout: 60_000 });
  await page.waitForTimeout(1000);
  const opened = await page.evaluate<number>("window.firstRow_");
  return opened;
}

/** Scrolls the list with real wheel turns; resolves to the times between frames. */
async function scroll(page: Page): Promise<number[]> {
  await page.mouse.move(800, 500);
  await page.evaluate(`(() => {
    window.frames_ = [];
    let last = performance.now();
    const tick = (now) => { window.frames_.push(now - last); last = now; if (window.frames_) requestAnimationFrame(tick); };
    requestAnimationFrame(tick);
  })()`);
  const end = performance.now() + 3000;
  while (performance.now() < end) await page.mouse.wheel(0, 180);
  return await page.evaluate<number[]>(`(() => {
    const times = window.frames_.slice(2);
    window.frames_ = undefined;
    return times;
  })()`);
}

function listFrames(figures: FigureList, name: string, times: readonly number[]): void {
  const seconds = times.reduce((sum, ms) => sum + ms, 0) / 1000;
  figures.add(name, Math.round(times.length / seconds), "frames/s", {
    goal: { atLeast: 60 },
    note: `p95 ${quantile(times, 0.95).toFixed(1)} ms, longest ${Math.max(...times).toFixed(0)} ms`,
  });
}
