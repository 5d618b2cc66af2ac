// The query page and the trace health page in a real browser on a real server: a query typed with completion, built,
// wrong, and answered in every form.

import type { Locator } from "playwright-core";
import { describe, expect, test } from "vitest";
import { screenshot } from "./browser.ts";
import { nowNano, type OtlpSpan, send, spanOf, stringAttribute } from "./otlp-json.ts";
import { ask, traceOf } from "./query-client.ts";
import { uiSuite } from "./ui-suite.ts";
import { until } from "./until.ts";

const MS = 1_000_000n;
const hostile = '<img src=x onerror="window.hacked=1"> \\ "quoted"\n\u202e';

let slowTrace: string;

/** An order over two services; the slow ones fail in the depot. */
async function sendOrder(agoMs: bigint, isSlow: boolean): Promise<string> {
  const start = nowNano() - agoMs * MS;
  const long = isSlow ? 900n : 30n;
  const at = (fromMs: bigint, toMs: bigint): Partial<OtlpSpan> => ({
    startTimeUnixNano: String(start + fromMs * MS),
    endTimeUnixNano: String(start + toMs * MS),
  });
  const root = spanOf({ name: "POST /orders", ...at(0n, long) });
  const { traceId } = root;
  const call = spanOf({
    traceId,
    parentSpanId: root.spanId,
    name: "reserve",
    kind: 3,
    ...at(1n, long - 1n),
  });
  const depot = spanOf({
    traceId,
    parentSpanId: call.spanId,
    name: "POST /reserve",
    ...at(2n, long - 2n),
    status: isSlow ? { code: 2, message: "no stock" } : {},
    attributes: [
      stringAttribute("depot.zone", isSlow ? "north" : "south"),
      stringAttribute("note", hostile),
    ],
  });
  await send(ui.server, "orders", [root, call]);
  await send(ui.server, "depot", [depot]);
  return traceId;
}

const ui = uiSuite(async (server) => {
  for (let i = 24n; i > 0n; i--) await sendOrder(i * 20_000n, false);
  for (let i = 6n; i > 0n; i--) slowTrace = await sendOrder(i * 30_000n + 10_000n, true);
  // A span whose parent never came.
  const orphan = spanOf({ parentSpanId: "00000000000000aa", name: "lost" });
  await send(server, "depot", [
    {
      ...orphan,
      startTimeUnixNano: String(nowNano() - 60_000n * MS),
      endTimeUnixNano: String(nowNano() - 59_990n * MS),
    },
  ]);
  await traceOf(server, slowTrace, 3);
  await until("names and values are known", 20_000, async () => {
    const { values } = await ask<{ values: unknown[] }>(server, "/traceql/tag-values", {
      field: "span.depot.zone",
    });
    const { services } = await ask<{ services: unknown[] }>(server, "/services");
    return values.length >= 2 && services.length >= 2;
  });
});

function bar(): Locator {
  return ui.watched.page.getByRole("textbox", { name: "TraceQL query" });
}

function address(query: string, more = ""): string {
  return `/query?from=now-1h&q=${encodeURIComponent(query)}${more}`;
}

/** The query in the address bar, once it fits. */
async function ranQuery(wanted: string): Promise<void> {
  await ui.watched.page.waitForURL((url) => url.searchParams.get("q") === wanted);
}

describe("the query bar", () => {
  test("offers what the data has, by the rest of the query, and Enter runs", async () => {
    const { page } = ui.watched;
    await page.goto("/query?from=now-1h");
    await bar().click();
    await page.keyboard.type('{ resource.service.name = "depot" && span.de');
    const options = page.getByRole("option");
    await options.filter({ hasText: "span.depot.zone" }).waitFor();
    await screenshot(page, "query-completion");
    await page.keyboard.press("Enter");
    await options.filter({ hasText: "equal" }).first().waitFor();
    await page.keyboard.type("= ");
    await options.filter({ hasText: '"north"' }).waitFor();
    await options.filter({ hasText: '"south"' }).waitFor();
    await page.keyboard.type('"no');
    await options.filter({ hasText: '"south"' }).waitFor({ state: "detached" });
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    await ranQuery('{ resource.service.name = "depot" && span.depot.zone = "north" }');
    await page.getByRole("status").filter({ hasText: "6 traces with 6 spans" }).waitFor();
    await screenshot(page, "query-traces");
  });

  test("underlines a fault at its place, with what could stand there", async () => {
    const { page } = ui.watched;
    await page.goto(address("{ status = error }"));
    await page.getByRole("status").filter({ hasText: "6 traces" }).waitFor();
    await bar().click();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("{ duration > quick }");
    await page.keyboard.press("Control+Enter");
    await page.getByText("quick is not a word of TraceQL").waitFor();
    expect(await page.locator(".tq-fault").innerText()).toBe("quick");
    expect(await bar().getAttribute("aria-invalid")).toBe("true");
    await screenshot(page, "query-fault");
    // The address keeps the query that was answered.
    expect(new URL(page.url()).searchParams.get("q")).toBe("{ status = error }");
  });

  test("tells the fault of a link that was cut short", async () => {
    const { page } = ui.watched;
    await page.goto(address("{ status = "));
    await page.locator("#query-fault").filter({ hasText: "expected" }).waitFor();
    await page.getByText("Ask anything about your traces").waitFor();
  });

  test("shows a fault that only the server knows", async () => {
    const { page, complaints } = ui.watched;
    await page.goto(address(`{ ${"span.n ^ ".repeat(17)}2 = 3 }`));
    await page.locator("#query-fault").filter({ hasText: "at most 16 powers" }).waitFor();
    // The browser itself logs the 400.
    complaints.splice(0, complaints.length, ...complaints.filter((text) => !text.includes("400")));
  });

  test("brings back earlier queries", async () => {
    const { page } = ui.watched;
    await page.goto("/query?from=now-1h");
    await page.getByRole("button", { name: /Which requests failed/ }).click();
    await ranQuery("{ status = error }");
    await page.getByRole("button", { name: "Recent" }).click();
    await page
      .getByRole("dialog", { name: "Recent queries" })
      .getByText("{ status = error }")
      .waitFor();
    await page.keyboard.press("Escape");
    await bar().click();
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Delete");
    await page.keyboard.press("Alt+ArrowUp");
    expect(await bar().innerText()).toBe("{ status = error }");
  });
});

describe("the builder", () => {
  test("writes the query, and reads it back", async () => {
    const { page } = ui.watched;
    await page.goto("/query?from=now-1h");
    await page.getByRole("combobox", { name: "Field", exact: true }).fill("resource.service.name");
    await page.getByRole("combobox", { name: "Value" }).fill("orders");
    await page.getByRole("combobox", { name: "Relation" }).selectOption(">>");
    await page.getByRole("combobox", { name: "Field", exact: true }).last().fill("status");
    await page.getByRole("combobox", { name: "Value" }).last().fill("error");
    await page.getByRole("combobox", { name: "Measure" }).selectOption("rate");
    const group = page.getByRole("combobox", { name: "Group by" });
    await group.fill("name");
    await group.press("Enter");
    const built = '{ resource.service.name = "orders" } >> { status = error } | rate() by(name)';
    await until("the bar shows it", 5000, async () => (await bar().innerText()) === built);
    await page.getByRole("button", { name: "Run" }).click();
    await ranQuery(built);
    await page.getByRole("status").filter({ hasText: "1 series" }).waitFor();
    await screenshot(page, "query-series");
    await page.reload();
    await page.getByRole("combobox", { name: "Value" }).last().waitFor();
    expect(await page.getByRole("combobox", { name: "Value" }).first().inputValue()).toBe("orders");
    expect(await page.getByRole("combobox", { name: "Relation" }).inputValue()).toBe(">>");
    expect(await page.getByRole("combobox", { name: "Measure" }).inputValue()).toBe("rate");
  });

  test("says why it cannot show a query", async () => {
    const { page } = ui.watched;
    await page.goto(address("{ status = error || duration > 1s }"));
    await page.getByText("it has alternatives").waitFor();
  });
});

describe("answers", () => {
  test("spans stand in a table with a column for each field, and lead to their trace", async () => {
    const { page } = ui.watched;
    await page.goto(address('{ span.depot.zone = "north" } | select(span.note)', "&view=spans"));
    const table = page.getByRole("table");
    await table.getByRole("columnheader", { name: "span.note" }).waitFor();
    await table.getByText("<img src=x onerror=").first().waitFor();
    await screenshot(page, "query-spans");
    await table
      .getByRole("button", { name: "Sort by duration" })
      .or(table.getByTitle("Sort by duration"))
      .first()
      .click();
    await table.locator('[aria-sort="descending"]').waitFor();
    await table.getByRole("link", { name: "POST /reserve" }).first().click();
    await page.waitForURL(/\/trace\/[0-9a-f]{32}\?span=[0-9a-f]{16}/);
  });

  test("a value narrows the query to it, whatever stands in it", async () => {
    const { page } = ui.watched;
    await page.goto(address("{ span.note != nil }", "&view=spans"));
    const cell = page.getByRole("cell").filter({ hasText: "<img src=x" }).first();
    await cell.hover();
    await cell.getByRole("button").first().click();
    await page.waitForURL((url) => (url.searchParams.get("q") ?? "").includes("onerror"));
    await page.getByRole("status").filter({ hasText: "30 spans in 30 traces" }).waitFor();
  });

  test("the tabs ask the same spans another question", async () => {
    const { page } = ui.watched;
    await page.goto(address("{ kind = server }"));
    await page.getByRole("status").filter({ hasText: "traces with" }).waitFor();
    await page.getByRole("button", { name: "Time series" }).click();
    await ranQuery("{ kind = server } | rate()");
    await page.getByRole("img", { name: /series over time/ }).waitFor();
    await page.getByRole("button", { name: "Table", exact: true }).click();
    await page.getByRole("status").filter({ hasText: "over the whole time range" }).waitFor();
    await page.getByRole("button", { name: "Compare" }).click();
    await ranQuery("{ kind = server } | compare({ status = error })");
    await page.getByRole("heading", { name: /depot\.zone/ }).waitFor();
    await screenshot(page, "query-compare");
  });

  test("a box on the heat map becomes a query for its traces", async () => {
    const { page } = ui.watched;
    await page.goto(address("{ kind = server } | histogram_over_time(duration)"));
    const map = page.getByRole("img", { name: /heat map/ });
    await map.waitFor();
    const box = await map.boundingBox();
    if (box === null) throw new Error("the map has no place");
    await page.mouse.move(box.x + 70, box.y + 14);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 20, box.y + 60);
    await page.mouse.up();
    await screenshot(page, "query-heat");
    await page.getByRole("button", { name: "Show its traces" }).click();
    await page.waitForURL((url) =>
      /\{ kind = server && duration >= .* && duration <= .* \}/.test(
        url.searchParams.get("q") ?? "",
      ),
    );
    expect(new URL(page.url()).searchParams.get("sort")).toBe("slowest");
    await page.getByText("POST /orders").first().waitFor();
  });

  test("an isolated series stays alone until all are asked for", async () => {
    const { page } = ui.watched;
    await page.goto(address("{ } | rate() by(name)"));
    await page.getByRole("button", { name: "reserve", exact: true }).click();
    await page.getByRole("button", { name: "Show all series" }).click();
    await page.getByRole("button", { name: "Show all series" }).waitFor({ state: "detached" });
  });
});

describe("ways to the query page", () => {
  test("a search carries its filters over", async () => {
    const { page } = ui.watched;
    await page.goto("/search?from=now-1h&service=depot&status=error&min=100ms");
    await page.getByRole("link", { name: "Open as TraceQL" }).click();
    await ranQuery('{ resource.service.name = "depot" && status = error && duration >= 100ms }');
    await page.getByRole("status").filter({ hasText: "6 traces" }).waitFor();
  });

  test("an attribute of a span includes or excludes its value", async () => {
    const { page } = ui.watched;
    await page.goto(`/trace/${slowTrace}`);
    await page.getByText("POST /reserve").first().click();
    await page.getByRole("link", { name: "Query spans where depot.zone has this value" }).click();
    await ranQuery('{ span.depot.zone = "north" }');
  });

  test("the keyboard leads there, and help names the keys", async () => {
    const { page } = ui.watched;
    await page.goto("/");
    await page.getByRole("link", { name: "depot" }).first().waitFor();
    await page.keyboard.press("3");
    await page.waitForURL((url) => url.pathname === "/query");
    await page.keyboard.press("?");
    await page.getByText("Earlier query").waitFor();
  });
});

test("trace health names the service with the orphan and leads to its trace", async () => {
  const { page } = ui.watched;
  await page.goto("/health?from=now-1h");
  await page.getByRole("heading", { name: /miss their parents/ }).waitFor();
  const row = page.getByRole("row").filter({ hasText: "depot" });
  await screenshot(page, "trace-health");
  await row.getByRole("link").last().click();
  await page.getByText("lost").first().waitFor();
});
