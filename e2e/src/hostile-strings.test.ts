// Strings that would break a careless database query or web page: stored, found and shown as what they are.

import { pathSegment } from "@clew/base";
import type { SearchResult } from "@clew/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BrowserOrReason, openBrowser, openPage } from "./browser.ts";
import { type OtlpSpan, send, spanOf, stringAttribute } from "./otlp-json.ts";
import { ask, traceOf } from "./query-client.ts";
import { ServerProcess } from "./server-process.ts";
import { skipBecause } from "./skip.ts";
import { until } from "./until.ts";

const hostile = [
  "'; DROP TABLE spans; --",
  '" OR 1=1 --',
  "\\' UNION SELECT 1 --",
  "{p0:String} ${7*7} {{7*7}} %s ?",
  "`spans` /* comment */ -- end",
  "<img src=x onerror=\"window.hacked=1;alert('hacked')\">",
  "<script>window.hacked=1</script>",
  "</title></script><svg onload=window.hacked=1>",
  "javascript:window.hacked=1",
  "../../../etc/passwd",
  "a/b?c=d&e=f#g%2fh+i",
  "first line\nsecond line\ttab",
  "a nul here \u0000 then bell \u0007 and escape \u001b[31m",
  "right-to-left \u202e mark, combining e\u0301, thread \u{1f9f5}",
  "=~!<>",
  " spaces around ",
  ".",
  "..",
];

/** The span that carries `text` wherever a sender can put text. */
function carrier(text: string): OtlpSpan {
  return spanOf({
    name: text,
    attributes: [stringAttribute(text, "by key"), stringAttribute("payload", text)],
    events: [{ timeUnixNano: spanOf().endTimeUnixNano, name: text }],
    status: { code: 2, message: text },
  });
}

function quoted(key: string): string {
  return `"${key.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

async function operationsOf(service: string): Promise<string[]> {
  const path = `/services/${pathSegment(service)}/operations`;
  const { operations } = await ask<{ operations: { operation: string }[] }>(server, path);
  return operations.map(({ operation }) => operation);
}

let server: ServerProcess;
let opened: BrowserOrReason;
const carriers = new Map(hostile.map((text) => [text, carrier(text)]));

beforeAll(async () => {
  server = await ServerProcess.start();
  opened = await openBrowser();
  for (const [text, span] of carriers) await send(server, text, [span]);
  for (const span of carriers.values()) await traceOf(server, span.traceId);
  // Lists come from rollups, which follow the spans table by table.
  await until("all services, operations and values are listed", 20_000, async () => {
    const operations = await Promise.all(hostile.map(operationsOf));
    const { services } = await ask<{ services: unknown[] }>(server, "/services");
    const { values } = await ask<{ values: unknown[] }>(server, "/attributes/payload/values");
    const lists = [services, values, operations.flat()];
    return lists.every(({ length }) => length >= carriers.size);
  });
});
afterAll(async () => {
  if ("browser" in opened) await opened.browser.close();
  await server.dispose();
});

describe.each(hostile)("%j", (text) => {
  const span = carriers.get(text) as OtlpSpan;
  const found = async (query: Record<string, string>): Promise<string[]> => {
    const { traces } = await ask<SearchResult>(server, "/traces", { ...query, limit: "1000" });
    return traces.map(({ traceId }) => traceId);
  };

  test("comes back as it was sent", async () => {
    expect(await traceOf(server, span.traceId)).toMatchObject([
      { name: text, events: [{ name: text }], status: { message: text } },
    ]);
  });

  test("is found as service, operation, attribute key and value, and nothing else is", async () => {
    expect(await found({ service: text })).toEqual([span.traceId]);
    expect(await found({ operation: text })).toEqual([span.traceId]);
    expect(await found({ attribute: `${quoted(text)}=by key` })).toEqual([span.traceId]);
    expect(await found({ attribute: `payload=${text}` })).toEqual([span.traceId]);
  });

  test("is listed as service, operation and attribute value", async () => {
    const { services } = await ask<{ services: { service: string }[] }>(server, "/services");
    expect(services.map(({ service }) => service)).toContain(text);
    expect(await operationsOf(text)).toEqual([text]);
    const { values } = await ask<{ values: { value: string }[] }>(
      server,
      "/attributes/payload/values",
    );
    expect(values.map(({ value }) => value)).toContain(text);
  });

  test("is text in the web UI: nothing runs", async (context) => {
    if ("reason" in opened) return skipBecause(context, opened.reason);
    const { page, complaints } = await openPage(opened.browser, server.url);
    // The UI shows signs that could mislead in its own way; what comes before the first is enough.
    const shown =
      text
        .trim()
        .split(/[\u0000-\u001f\u202e]/)[0]
        ?.slice(0, 20)
        .trim() ?? "";
    const addresses = [
      "/",
      `/services/${pathSegment(text)}`,
      `/search?service=${encodeURIComponent(text)}`,
      `/trace/${span.traceId}?span=${span.spanId}&tab=attributes`,
    ];
    for (const address of addresses) {
      await page.goto(address);
      await page.getByText(shown).first().waitFor({ state: "attached" });
      expect(await page.evaluate("window.hacked")).toBeUndefined();
    }
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

test("the page of a service opens from the list and again after a reload, whatever its name", async (context) => {
  if ("reason" in opened) return skipBecause(context, opened.reason);
  const { page } = await openPage(opened.browser, server.url);
  for (const name of [".", "..", "../../../etc/passwd", "\\' UNION SELECT 1 --"]) {
    await page.goto("/");
    await page.getByRole("link", { name, exact: true }).click();
    const heading = page.getByRole("heading", { name: `Services / ${name}`, exact: true });
    await heading.waitFor();
    await page.goto(page.url());
    await heading.waitFor();
    await page.locator("table").getByText(name, { exact: true }).first().waitFor();
  }
  await page.context().close();
});

test("afterwards every table still answers", async () => {
  const everything = await ask<SearchResult>(server, "/traces", { limit: "1000" });
  expect(everything.traces).toHaveLength(hostile.length);
});
