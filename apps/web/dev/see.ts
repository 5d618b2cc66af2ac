// Takes pictures of every page in both themes:  node dev/see.ts <folder> [base url] [only]

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openBrowser, type Page } from "./browser.ts";
import { say } from "./say.ts";

const folder = process.argv[2] ?? "shots";
const base = process.argv[3] ?? "http://127.0.0.1:5100";
const only = process.argv[4];
const id = "4bf92f3577b34da6000000000000";

interface Shot {
  readonly name: string;
  readonly path: string;
  readonly act?: (page: Page) => Promise<void>;
}

const shots: readonly Shot[] = [
  { name: "services", path: "/" },
  { name: "service", path: "/services/payment" },
  { name: "search", path: "/search", act: async (page) => page.mouse.move(700, 130) },
  {
    name: "search-filtered",
    path: "/search?service=basket&attr=span:db.system.name%3Dpostgresql&attr=sku&min=50ms",
  },
  { name: "search-error", path: "/search?attr=a%3D~[" },
  { name: "trace", path: `/trace/${id}aaaa` },
  { name: "trace-selected", path: `/trace/${id}aaaa?span=00f067aa0baa0001` },
  {
    name: "trace-search",
    path: `/trace/${id}aaaa?q=stock&tab=events&span=00f067aa0baa0001`,
    act: async (page) => page.mouse.move(820, 420),
  },
  { name: "trace-zoom", path: `/trace/${id}aaaa?view=200000000-460000000` },
  { name: "trace-10k", path: `/trace/${id}bbbb`, act: async (page) => page.keyboard.press("e") },
  { name: "trace-missing", path: `/trace/${id}ffff` },
  { name: "map", path: "/map" },
  { name: "help", path: "/", act: async (page) => page.keyboard.press("?") },
  { name: "not-found", path: "/nowhere" },
];

mkdirSync(folder, { recursive: true });
const browser = await openBrowser();
for (const theme of ["light", "dark"] as const) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 860 } });
  page.on("console", (message) => {
    if (message.type?.() === "error" || message.type?.() === "warning")
      say(`${theme}: ${message.text?.()}`);
  });
  page.on("pageerror", (error) => say(`${theme}: page error: ${error.message}`));
  await page.emulateMedia({ colorScheme: theme });
  for (const shot of shots) {
    if (only !== undefined && !shot.name.startsWith(only)) continue;
    await page.goto(base + shot.path);
    await page.waitForTimeout(900);
    await shot.act?.(page);
    await page.waitForTimeout(350);
    await page.screenshot({ path: join(folder, `${shot.name}-${theme}.png`) });
  }
}
await browser.close();
