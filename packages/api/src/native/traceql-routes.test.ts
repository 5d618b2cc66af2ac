import { expect, test } from "vitest";
import { now, shop } from "./testing/shop.ts";

const { server, traceql } = shop();

function ask(path: string, parameters: Record<string, string>) {
  return server.inject(`/api/v1/traceql/${path}?${new URLSearchParams(parameters).toString()}`);
}

test("a search is asked of the reader as it was given", async () => {
  const answer = await ask("search", { q: "{ .a = 1 }", sort: "slowest", limit: "7", spans: "9" });
  expect(answer.statusCode).toBe(200);
  const hour = 3_600_000_000_000n;
  expect(traceql.searches.at(-1)).toMatchObject({
    tenant: "default",
    range: { startNano: now - hour, endNano: now },
    sort: "slowest",
    limit: 7,
    spansPerSpanset: 9,
  });
});

test("a query that cannot be parsed is refused with its place", async () => {
  const answer = await ask("search", { q: "{ .a = }" });
  expect(answer.statusCode).toBe(400);
  const { error } = answer.json<{ error: Record<string, unknown> }>();
  expect(error["code"]).toBe("bad_request");
  expect(error["at"]).toEqual({ start: 7, end: 8 });
});

test("searches give traces and metrics give series: the other is told where to go", async () => {
  const search = await ask("search", { q: "{ } | rate()" });
  expect(search.statusCode).toBe(400);
  expect(search.body).toContain("/api/v1/traceql/metrics");
  const metrics = await ask("metrics", { q: "{ }" });
  expect(metrics.statusCode).toBe(400);
  expect(metrics.body).toContain("/api/v1/traceql/search");
});

test("metrics have steps unless they are instant", async () => {
  await ask("metrics", { q: "{ } | rate()", step: "30s" });
  expect(traceql.metricsAsked.at(-1)?.stepNano).toBe(30_000_000_000n);
  await ask("metrics", { q: "{ } | rate()", instant: "true" });
  expect(traceql.metricsAsked.at(-1)?.stepNano).toBeUndefined();
});

test("values are asked for a field, among the spans of a filter that may be half typed", async () => {
  const answer = await ask("tag-values", {
    field: "resource.service.name",
    filter: "{ status = error && .b = ",
    prefix: "s",
  });
  expect(answer.json()).toMatchObject({ values: [], cost: { rows: 1200, plan: "spans" } });
  expect(traceql.tagsAsked.at(-1)).toMatchObject({
    field: { scope: "resource", name: "service.name" },
    filter: { kind: "filter", condition: { operator: "=" } },
    prefix: "s",
  });
  expect((await ask("tag-values", { field: "nonsense" })).statusCode).toBe(400);
});

test("a check says what a text is without running it", async () => {
  const good = await ask("check", { q: "{status=error}|rate()" });
  expect(good.json()).toMatchObject({ kind: "metrics", text: "{ status = error } | rate()" });
  expect(good.json<{ tokens: unknown[] }>().tokens[1]).toEqual({
    at: { start: 1, end: 7 },
    class: "intrinsic",
  });
  const bad = await ask("check", { q: "{ name = 5 }" });
  expect(bad.statusCode).toBe(200);
  expect(bad.json()).toMatchObject({ error: { at: { start: 2 } } });
});
