// A headless browser for the tests of the UI, and pages that tell what went wrong in them.

import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { chromiumCandidates } from "./chromium.ts";

const SCREENSHOTS = fileURLToPath(new URL("../screenshots/", import.meta.url));
// No sandbox: containers and CI run as root. The pages are our own, from this machine.
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-dev-shm-usage",
  "--font-render-hinting=none",
  "--use-gl=angle",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
];

/** A browser, or the reason why none starts here, in one line. */
export type BrowserOrReason = { readonly browser: Browser } | { readonly reason: string };

/** Starts the first Chromium that does start. */
export async function openBrowser(): Promise<BrowserOrReason> {
  const problems: string[] = [];
  for (const { path, env } of await chromiumCandidates()) {
    try {
      const launch = { executablePath: path, args: ARGUMENTS, env: { ...process.env, ...env } };
      return { browser: await chromium.launch(launch) };
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const cause = /error while loading shared libraries: [^\n]*/.exec(text)?.[0];
      problems.push(`${path}: ${cause ?? text.split("\n")[0]}`);
    }
  }
  const reason = problems.length > 0 ? problems.join("; ") : "none found; set CHROMIUM_PATH";
  return { reason: `no Chromium starts: ${reason}` };
}

/** A page and everything that it complained about so far. */
export interface WatchedPage {
  readonly page: Page;
  /** Uncaught errors, console errors, dialogs, and requests to anywhere but the server. */
  readonly complaints: string[];
}

/** Opens a page of 1440 x 900 that may only speak to `origin`. */
export async function openPage(
  browser: Browser,
  origin: string,
  colorScheme: "light" | "dark" = "light",
): Promise<WatchedPage> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme,
    reducedMotion: "reduce",
    baseURL: origin,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`console: ${message.text()}`);
  });
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = request.url();
    const local = url.startsWith(origin) || url.startsWith("data:") || url.startsWith("blob:");
    if (!local) complaints.push(`request to ${url}`);
  });
  return { page, complaints };
}

/** Saves e2e/screenshots/<name>.png. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png` });
}
