// The web UI in a real browser on a real server: what a newcomer sees and does in the first minutes.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type BrowserOrReason,
  openBrowser,
  openPage,
  screenshot,
  type WatchedPage,
} from "./browser.ts";
import { nowNano, type OtlpSpan, send, spanOf, stringAttribute } from "./otlp-json.ts";
import { traceOf } from "./query-client.ts";
import { ServerProcess } from "./server-process.ts";
import { skipBecause } from "./skip.ts";

const MS = 1_000_000n;

let server: ServerProcess;
let opened: BrowserOrReason;
let watched: WatchedPage;

beforeAll(async () => {
  server = await ServerProcess.start();
  opened = await openBrowser();
});
afterAll(async () => {
  if ("browser" in opened) await opened.browser.close();
  await server.dispose();
});
beforeEach(async (context) => {
  if ("reason" in opened) return skipBecause(context, opened.reason);
  watched = await openPage(opened.browser, server.url);
  return async () => {
    // Whatever a test does, the page must not have failed in silence or called home.
    expect(watched.complaints).toEqual([]);
    await watched.page.context().close();
  };
});

interface Checkout {
  readonly traceId: string;
  readonly payment: OtlpSpan;
}

/** A checkout over three services, whose payment fails. */
async function sendCheckout(agoMs: bigint): Promise<Checkout> {
  const start = nowNano() - agoMs * MS;
  const at = (fromMs: bigint, toMs: bigint): Partial<OtlpSpan> => ({
    startTimeUnixNano: String(start + fromMs * MS),
    endTimeUnixNano: String(start + toMs * MS),
  });
  const root = spanOf({ name: "POST /checkout", ...at(0n, 420n), status: { code: 2 } });
  const { traceId } = root;
  const call = spanOf({
    traceId,
    parentSpanId: root.spanId,
    name: "charge card",
    kind: 3,
    ...at(40n, 400n),
  });
  const payment = spanOf({
    traceId,
    parentSpanId: call.spanId,
    name: "POST /charge",
    ...at(50n, 390n),
    status: { code: 2, message: "card declined" },
    attributes: [stringAttribute("card.network", "example-pay")],
  });
  const query = spanOf({
    traceId,
    parentSpanId: payment.spanId,
    name: "SELECT accounts",
    kind: 3,
    ...at(60n, 200n),
    attributes: [stringAttribute("db.system.name", "postgresql")],
  });
  await send(server, "storefront", [root, call]);
  await send(server, "payments", [payment, query]);
  await traceOf(server, traceId, 4);
  return { traceId, payment };
}

describe("before any span has come", () => {
  test("the first page tells how to send some", async () => {
    const { page } = watched;
    await page.goto("/");
    await page
      .getByText(/4318|OTEL_EXPORTER_OTLP_ENDPOINT/)
      .first()
      .waitFor();
    await screenshot(page, "empty");
  });

  test("a trace that is not there is said to be not there", async () => {
    const { page, complaints } = watched;
    await page.goto(`/trace/${"4".repeat(32)}`);
    await page
      .getByText(/trace is not here/i)
      .first()
      .waitFor();
    // The browser itself logs the 404 of the query.
    complaints.splice(0, complaints.length, ...complaints.filter((text) => !text.includes("404")));
  });

  test("an address that does not exist says so and leads back", async () => {
    const { page } = watched;
    await page.goto("/no/such/page");
    await page
      .getByText(/not found|no page|nothing here|does not exist/i)
      .first()
      .waitFor();
    await page
      .getByRole("link", { name: /services/i })
      .first()
      .click();
    await page.waitForURL((url) => url.pathname === "/");
  });
});

describe("with a trace", () => {
  let checkout: Checkout;
  beforeAll(async () => {
    for (let ago = 20n; ago > 0n; ago--) checkout = await sendCheckout(ago * 15_000n);
  });

  test("services are listed, and one leads to its operations", async () => {
    const { page } = watched;
    await page.goto("/");
    await page.getByRole("link", { name: "payments" }).first().waitFor();
    await screenshot(page, "services");
    await page.getByRole("link", { name: "storefront" }).first().click();
    await page.getByText("POST /checkout").first().waitFor();
    await screenshot(page, "service");
  });

  test("search finds the trace by service and attribute, and opens it", async () => {
    const { page } = watched;
    await page.goto("/search?service=payments&attr=card.network%3Dexample-pay");
    const results = page.locator(`a[href*="/trace/"]`);
    await results.first().waitFor();
    await screenshot(page, "search");
    await results.first().click();
    await page.waitForURL(/\/trace\/[0-9a-f]{32}/);
  });

  test("a trace opens with its spans, and a span shows its attributes and error", async () => {
    const { page } = watched;
    await page.goto(`/trace/${checkout.traceId}?span=${checkout.payment.spanId}`);
    await page.getByText("example-pay").first().waitFor();
    await page.getByText("card declined").first().waitFor();
    await screenshot(page, "trace");
  });

  test("the keyboard moves through the spans and to the next error", async () => {
    const { page } = watched;
    await page.goto(`/trace/${checkout.traceId}`);
    await page.getByText("POST /checkout").first().waitFor();
    await page.keyboard.press("ArrowDown");
    await page.waitForURL(/span=[0-9a-f]{16}/);
    const first = new URL(page.url()).searchParams.get("span");
    await page.keyboard.press("ArrowDown");
    await page.waitForURL((url) => url.searchParams.get("span") !== first);
    await page.keyboard.press("?");
    await page.getByText("Next error").first().waitFor();
  });

  test("the service map shows who calls whom", async () => {
    const { page } = watched;
    await page.goto("/map");
    await page.getByText("payments").first().waitFor();
    await page.getByText("postgresql").first().waitFor();
    await screenshot(page, "map");
  });

  test("light and dark follow the system and differ", async () => {
    if ("reason" in opened) return;
    const dark = await openPage(opened.browser, server.url, "dark");
    const address = `/trace/${checkout.traceId}?span=${checkout.payment.spanId}`;
    for (const { page } of [watched, dark]) {
      await page.goto(address);
      await page.getByText("example-pay").first().waitFor();
    }
    const background = "getComputedStyle(document.body).backgroundColor";
    expect(await dark.page.evaluate(background)).not.toBe(await watched.page.evaluate(background));
    await screenshot(dark.page, "trace-dark");
    expect(dark.complaints).toEqual([]);
    await dark.page.context().close();
  });
});
