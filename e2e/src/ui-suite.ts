// For tests of the web UI: a real server and a real browser for the tests of a file, and a page for each of them.

import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { type BrowserOrReason, openBrowser, openPage, type WatchedPage } from "./browser.ts";
import { ServerProcess } from "./server-process.ts";
import { skipBecause } from "./skip.ts";

export interface UiSuite {
  readonly server: ServerProcess;
  /** The page of the running test. */
  readonly watched: WatchedPage;
  /** A further page, which the test closes. */
  readonly openPage: (colorScheme: "light" | "dark") => Promise<WatchedPage>;
}

/** `prepare` fills the server once. Whatever a test does, its page must not have failed in silence or called home. */
export function uiSuite(
  prepare: (server: ServerProcess) => Promise<void> = async () => {},
): UiSuite {
  let server: ServerProcess | undefined;
  let opened: BrowserOrReason | undefined;
  let watched: WatchedPage | undefined;
  beforeAll(async () => {
    server = await ServerProcess.start();
    opened = await openBrowser();
    await prepare(server);
  });
  afterAll(async () => {
    if (opened !== undefined && "browser" in opened) await opened.browser.close();
    await server?.dispose();
  });
  beforeEach(async (context) => {
    if (opened === undefined || "reason" in opened)
      return skipBecause(context, opened?.reason ?? "no browser was started");
    const page = await openPage(opened.browser, started(server).url);
    watched = page;
    return async () => {
      expect(page.complaints).toEqual([]);
      expect(await page.page.evaluate("window.hacked")).toBeUndefined();
      await page.page.context().close();
    };
  });
  return {
    get server() {
      return started(server);
    },
    get watched() {
      return started(watched);
    },
    openPage: async (colorScheme) => {
      if (opened === undefined || "reason" in opened) throw new Error("there is no browser");
      return await openPage(opened.browser, started(server).url, colorScheme);
    },
  };
}

function started<T>(thing: T | undefined): T {
  if (thing === undefined) throw new Error("only for use in tests");
  return thing;
}
