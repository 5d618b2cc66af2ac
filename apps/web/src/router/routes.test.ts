import { parse } from "@clew/traceql";
import { describe, expect, it } from "vitest";
import { parseAttributeFilter, printAttributeFilter } from "./attribute-filter.ts";
import { parseRoute, printRoute } from "./routes.ts";
import { describeRange, resolveInstant, resolveRange, stepFor } from "./time-range.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";

function reparse(address: string) {
  const url = new URL(address, "http://clew.test");
  return parseRoute(url.pathname, url.search);
}

describe("addresses", () => {
  it("come back from print as they went in", () => {
    const params = {
      from: "now-15m",
      to: "now",
      service: "cart & checkout/eu",
      kind: "server",
      status: "error",
      min: 1_500_000,
      max: 2_000_000_000,
      attr: [
        { scope: "span", key: "http.request.method", operator: "=", value: "POST" },
        { scope: "any", key: "note", operator: "regex", value: "a=b&c\n\u202e" },
        { scope: "resource", key: "k8s.pod.name", operator: "exists" },
      ],
      sort: "slowest",
    } as const;
    expect(reparse(printRoute("search", undefined, params))).toEqual({
      name: "search",
      argument: undefined,
      params,
    });
  });

  it("carry the longest query that TraceQL takes", () => {
    const q = `{ name = "${"ü".repeat(128 * 1024 - 13)}" }`;
    expect(parse(q).kind).toBe("spans");
    expect(() => parse(`${q} `)).toThrow("more than 131072");
    expect(reparse(printRoute("query", undefined, { q }))).toMatchObject({ params: { q } });
  });

  it.each(["a/b 100%", ".", "..", "~..", "C:\\jobs", "nul\u0000"])(
    "carry the service name %j through what a browser makes of an address",
    (name) => {
      const address = printRoute("service", name);
      expect(reparse(address)).toMatchObject({ name: "service", argument: name });
    },
  );

  it("carry the selected span and the window of a trace", () => {
    const address = printRoute("trace", traceId, {
      span: "b7ad6b7169203331",
      view: { start: 1000, end: 25_000 },
    });
    expect(address).toBe(`/trace/${traceId}?span=b7ad6b7169203331&view=1000-25000`);
    expect(reparse(address)).toMatchObject({ params: { view: { start: 1000, end: 25_000 } } });
  });

  it("carry a query with its range, order and view, whatever stands in its text", () => {
    const params = {
      from: "now-1h",
      to: "2026-01-31T12:00:00Z",
      q: '{ span."a b" =~ "x+%26&y=\\\\d#" }\n// über\n| rate() by(name)',
      sort: "slowest",
      view: "table",
    } as const;
    expect(reparse(printRoute("query", undefined, params))).toEqual({
      name: "query",
      argument: undefined,
      params,
    });
    expect(parseRoute("/query", "?q=%7B+%7D&view=cube&sort=best")).toMatchObject({
      params: { q: "{ }" },
    });
    expect(parseRoute("/health", "?from=now-1h")).toMatchObject({ name: "health" });
  });

  it("drop a parameter that cannot be read and keep the others", () => {
    const route = parseRoute(
      "/search",
      "?min=soon&kind=robot&service=cart&sort=slowest&from=yesterday&attr==x&attr=a=1",
    );
    expect(route).toMatchObject({
      params: {
        service: "cart",
        sort: "slowest",
        attr: [{ scope: "any", key: "a", operator: "=", value: "1" }],
      },
    });
    expect(Object.keys((route as { params: object }).params).sort()).toEqual([
      "attr",
      "service",
      "sort",
    ]);
  });

  it("refuse a window that runs backwards and a span id that is not hex", () => {
    expect(parseRoute(`/trace/${traceId}`, "?view=9-3&span=zz")).toMatchObject({
      name: "trace",
      params: {},
    });
  });

  it("are unknown when no page lives there", () => {
    for (const path of [
      "/nowhere",
      "/trace/xyz",
      "/services/a/b",
      "/services/%E0%A4%A",
      "/trace",
    ]) {
      expect(parseRoute(path, "")).toEqual({ name: "unknown" });
    }
  });

  it("ignore a trailing slash and the case of a trace id", () => {
    expect(parseRoute("/search/", "")).toMatchObject({ name: "search" });
    expect(parseRoute(`/trace/${traceId.toUpperCase()}`, "")).toMatchObject({ argument: traceId });
  });
});

describe("attribute filters", () => {
  it.each([
    ["a=b", { scope: "any", key: "a", operator: "=", value: "b" }],
    ["span:a!=b=c", { scope: "span", key: "a", operator: "!=", value: "b=c" }],
    ["resource:a.b>=10", { scope: "resource", key: "a.b", operator: ">=", value: "10" }],
    ["a=~^x.*", { scope: "any", key: "a", operator: "regex", value: "^x.*" }],
    ["a<1", { scope: "any", key: "a", operator: "<", value: "1" }],
    ["a=", { scope: "any", key: "a", operator: "=", value: "" }],
    ["span:a", { scope: "span", key: "a", operator: "exists" }],
  ])("read %s and print it back", (source, filter) => {
    expect(parseAttributeFilter(source)).toEqual(filter);
    expect(printAttributeFilter(filter as never)).toBe(source);
  });

  it("need a key", () => {
    for (const source of ["", "=b", "span:", ">=3"])
      expect(parseAttributeFilter(source)).toBeUndefined();
  });
});

describe("time ranges", () => {
  const now = Date.UTC(2026, 0, 10, 12);

  it("count back from now", () => {
    expect(resolveInstant("now-90s", now)).toBe(BigInt(now - 90_000) * 1_000_000n);
  });

  it("take nanoseconds exactly and ISO instants", () => {
    expect(resolveInstant("1700000000123456789", now)).toBe(1_700_000_000_123_456_789n);
    expect(resolveInstant("2026-01-10T12:00:00Z", 0)).toBe(BigInt(now) * 1_000_000n);
  });

  it("fall back to the last quarter of an hour when they run backwards or cannot be read", () => {
    const quarter = {
      startNano: BigInt(now - 900_000) * 1_000_000n,
      endNano: BigInt(now) * 1_000_000n,
    };
    expect(resolveRange("now", "now-1h", now)).toEqual(quarter);
    expect(resolveRange("soon", undefined, now)).toEqual(quarter);
  });

  it("are named by their preset where there is one", () => {
    expect(describeRange(undefined, undefined, now)).toBe("Last 15 minutes");
    expect(describeRange("now-45m", "now", now)).toBe("Last 45m");
  });

  it("divide into about as many steps as asked for", () => {
    expect(stepFor(resolveRange("now-1h", "now", now), 60)).toBe(60e9);
    expect(stepFor(resolveRange("now-7d", "now", now), 100)).toBe(7200e9);
  });
});
