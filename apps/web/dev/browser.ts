// Opens a headless Chromium from the npm registry.

import { createRequire } from "node:module";
import chromium from "@sparticuz/chromium";

const require = createRequire(import.meta.url);

/** The parts of Playwright that the scripts here use. */
export interface Page {
  goto(url: string): Promise<unknown>;
  waitForSelector(selector: string, options?: { timeout?: number }): Promise<unknown>;
  waitForTimeout(ms: number): Promise<void>;
  screenshot(options: { path: string }): Promise<unknown>;
  evaluate<T>(script: string): Promise<T>;
  on(
    event: "console" | "pageerror",
    listener: (message: { text?(): string; type?(): string; message?: string }) => void,
  ): void;
  readonly keyboard: { press(key: string): Promise<void>; type(text: string): Promise<void> };
  readonly mouse: {
    move(x: number, y: number): Promise<void>;
    wheel(x: number, y: number): Promise<void>;
    down(): Promise<void>;
    up(): Promise<void>;
    click(x: number, y: number): Promise<void>;
  };
  click(selector: string): Promise<void>;
  fill(selector: string, text: string): Promise<void>;
  url(): string;
  emulateMedia(options: { colorScheme: "light" | "dark" }): Promise<void>;
}

export interface Browser {
  newPage(options: {
    viewport: { width: number; height: number };
    deviceScaleFactor?: number;
  }): Promise<Page>;
  close(): Promise<void>;
}

export async function openBrowser(): Promise<Browser> {
  const { chromium: playwright } = require("playwright-core") as {
    chromium: { launch(options: unknown): Promise<Browser> };
  };
  const executablePath = await chromium.executablePath();
  // One process for all of it would run the worker and the page on the same thread and spoil measurements.
  const args = [
    ...chromium.args.filter((arg: string) => arg !== "--single-process" && arg !== "--no-zygote"),
    "--no-sandbox",
  ];
  return playwright.launch({ executablePath, args, headless: true });
}
