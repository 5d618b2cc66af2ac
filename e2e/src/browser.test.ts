// The harness itself: if this fails, failures of the UI tests say nothing about the UI.

import { afterAll, beforeAll, expect, test } from "vitest";
import { type BrowserOrReason, openBrowser, openPage } from "./browser.ts";
import { skipBecause } from "./skip.ts";

let opened: BrowserOrReason;

beforeAll(async () => {
  opened = await openBrowser();
});
afterAll(async () => {
  if ("browser" in opened) await opened.browser.close();
});

test("a browser starts here, draws text and has WebGL 2", async (context) => {
  if ("reason" in opened) return skipBecause(context, opened.reason);
  const { page, complaints } = await openPage(opened.browser, "http://127.0.0.1");
  await page.setContent("<p style='font: 40px sans-serif'>clew</p><canvas></canvas>");
  const box = await page.locator("p").boundingBox();
  expect(box?.height).toBeGreaterThan(30);
  const version = await page.evaluate(
    `document.querySelector("canvas").getContext("webgl2")?.getParameter(WebGL2RenderingContext.VERSION)`,
  );
  expect(String(version)).toContain("WebGL 2.0");
  // What the reader sees, not what the page says: the text has dark points on the white.
  const image = await page.locator("p").screenshot();
  await page.addStyleTag({ content: "p { color: white }" });
  expect(image.equals(await page.locator("p").screenshot())).toBe(false);
  expect(complaints).toEqual([]);
});
