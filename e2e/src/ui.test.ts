// The web UI in a real browser on a real server: what a newcomer sees and does in the first minutes.

import { beforeAll, describe, expect, test } from "vitest";
import { screenshot } from "./browser.ts";
import { nowNano, type OtlpSpan, send, spanOf, stringAttribute } from "./otlp-json.ts";
import { traceOf } from "./query-client.ts";
import { uiSuite } from "./ui-suite.ts";

const MS = 1_000_000n;

const ui = uiSuite();

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
  await send(ui.server, "storefront", [root, call]);
  await send(ui.server, "payments", [payment, query]);
  await traceOf(ui.server, traceId, 4);
  return { traceId, payment };
}

describe("before any span has come", () => {
  test("the first page tells how to send some", async () => {
    const { page } = ui.watched;
    await page.goto("/");
    await page
      .getByText(/4318|OTEL_EXPORTER_OTLP_ENDPOINT/)
      .first()
      .waitFor();
    await screenshot(page, "empty");
  });

  test("a trace that is not there is said to be not there", async () => {
    const { page, complaints } = ui.watched;
    await page.goto(`/trace/${"4".repeat(32)}`);
    await page
      .getByText(/trace is not here/i)
      .first()
      .waitFor();
    // The browser itself logs the 404 of the query.
    complaints.splice(0, complaints.length, ...complaints.filter((text) => !text.includes("404")));
  });

  test("an address that does not exist says so and leads back", async () => {
    const { page } = ui.watched;
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
    const { page } = ui.watched;
    await page.goto("/");
    await page.getByRole("link", { name: "payments" }).first().waitFor();
    await screenshot(page, "services");
    await page.getByRole("link", { name: "storefront" }).first().click();
    await page.getByText("POST /checkout").first().waitFor();
    await screenshot(page, "service");
  });

  test("search finds the trace by service and attribute, and opens it", async () => {
    const { page } = ui.watched;
    await page.goto("/search?service=payments&attr=card.network%3Dexample-pay");
    const results = page.locator(`a[href*="/trace/"]`);
    await results.first().waitFor();
    await screenshot(page, "search");
    await results.first().click();
    await page.waitForURL(/\/trace\/[0-9a-f]{32}/);
  });

  test("a trace opens with its spans, and a span shows its attributes and error", async () => {
    const { page } = ui.watched;
    await page.goto(`/trace/${checkout.traceId}?span=${checkout.payment.spanId}`);
    await page.getByText("example-pay").first().waitFor();
    await page.getByText("card declined").first().waitFor();
    await screenshot(page, "trace");
  });

  test("the keyboard moves through the spans and to the next error", async () => {
    const { page } = ui.watched;
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
    const { page } = ui.watched;
    await page.goto("/map");
    await page.getByText("payments").first().waitFor();
    await page.getByText("postgresql").first().waitFor();
    await screenshot(page, "map");
  });

  test("light and dark follow the system and differ", async () => {
    const dark = await ui.openPage("dark");
    const address = `/trace/${checkout.traceId}?span=${checkout.payment.spanId}`;
    for (const { page } of [ui.watched, dark]) {
      await page.goto(address);
      await page.getByText("example-pay").first().waitFor();
    }
    const background = "getComputedStyle(document.body).backgroundColor";
    expect(await dark.page.evaluate(background)).not.toBe(
      await ui.watched.page.evaluate(background),
    );
    await screenshot(dark.page, "trace-dark");
    expect(dark.complaints).toEqual([]);
    await dark.page.context().close();
  });
});
