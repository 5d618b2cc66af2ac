// What the routes do with what they are asked, and what they say when they cannot.

import { ClewError, pathSegment } from "@clew/base";
import type { SearchQuery, SearchResult } from "@clew/model";
import { afterAll, describe, expect, test } from "vitest";
import { memoryTraceReader } from "./testing/memory-trace-reader.ts";
import { cartTrace, now, payTrace, shop } from "./testing/shop.ts";

/** What these tests look at in an answer; its shape is checked against the document elsewhere. */
interface Body {
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string };
  readonly traces: readonly { readonly traceId: string }[];
  readonly nextCursor?: string;
  readonly services: readonly unknown[];
}

const { server } = shop();
afterAll(() => server.close());

async function get(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Body }> {
  const answer = await server.inject({ url: `/api/v1${url}`, headers });
  return { status: answer.statusCode, body: answer.json() };
}

/** The question that the store is asked for `query`. */
async function asked(query: string): Promise<SearchQuery> {
  let seen: SearchQuery | undefined;
  const reader = memoryTraceReader([]);
  reader.search = async (question): Promise<SearchResult> => {
    seen = question;
    return { traces: [] };
  };
  const answer = await shop({ reader: () => reader }).server.inject(`/api/v1/traces?${query}`);
  if (seen === undefined) throw new Error(answer.body);
  return seen;
}

describe("a search", () => {
  test("asks the store for exactly what the parameters say", async () => {
    const query = new URLSearchParams([
      ["start", "now-2h"],
      ["end", "now"],
      ["service", "web"],
      ["operation", "GET /cart"],
      ["kind", "server"],
      ["status", "error"],
      ["minDuration", "10ms"],
      ["maxDuration", "1.5s"],
      ["attribute", "span:http.route=~^/c"],
      ["attribute", '"a=b"!=c'],
      ["sort", "slowest"],
      ["limit", "7"],
      ["cursor", "abc"],
    ]);
    expect(await asked(query.toString())).toEqual({
      tenant: "default",
      range: { startNano: now - 7_200_000_000_000n, endNano: now },
      filter: {
        service: "web",
        operation: "GET /cart",
        kind: "server",
        status: "error",
        minDurationNano: 10_000_000,
        maxDurationNano: 1_500_000_000,
        attributes: [
          { scope: "span", key: "http.route", operator: "regex", value: "^/c" },
          { scope: "any", key: "a=b", operator: "!=", value: "c" },
        ],
      },
      sort: "slowest",
      limit: 7,
      cursor: "abc",
    });
  });

  test("without parameters asks for the newest 50 of the last hour", async () => {
    expect(await asked("service=&limit=")).toEqual({
      tenant: "default",
      range: { startNano: now - 3_600_000_000_000n, endNano: now },
      filter: { attributes: [] },
      sort: "newest",
      limit: 50,
    });
  });

  test("may span ten years", async () => {
    const { range } = await asked("start=2017-01-01&end=2027-01-01");
    expect(range.endNano - range.startNano).toBeGreaterThan(3650n * 86_400_000_000_000n);
  });

  test("finds by attribute, and pages through what it finds", async () => {
    const found = await get(
      `/traces?attribute=${encodeURIComponent("http.response.status_code>=500")}`,
    );
    expect(found.body.traces.map((trace) => trace.traceId)).toEqual([payTrace]);
    const first = await get("/traces?limit=1");
    const second = await get(`/traces?limit=1&cursor=${first.body.nextCursor}`);
    expect([first.body.traces[0]?.traceId, second.body.traces[0]?.traceId]).toEqual([
      payTrace,
      cartTrace,
    ]);
    expect(second.body).not.toHaveProperty("nextCursor");
  });
});

describe("a wrong question is answered with what is wrong:", () => {
  test.each([
    ["/traces?servce=web", 'unknown parameter "servce"', "did you mean service?"],
    ["/traces?min_duration=1", 'unknown parameter "min_duration"', "did you mean minDuration?"],
    [
      "/traces?lookback=1h",
      'unknown parameter "lookback"',
      "known parameters: start, end, service",
    ],
    ["/health?x=1", 'unknown parameter "x"', "this route takes no parameters"],
    ["/traces?limit=5&limit=6", "parameter limit is given more than once", undefined],
    ["/traces?limit=0", "parameter limit: must be a whole number from 1 to 1000", undefined],
    ["/traces?limit=ten", "parameter limit: must be a whole number from 1 to 1000", undefined],
    ["/traces?sort=oldest", "parameter sort: must be one of newest, slowest", undefined],
    [
      "/traces?kind=Server",
      "parameter kind: must be one of unspecified, internal, server",
      undefined,
    ],
    [
      "/traces?start=yesterday",
      "parameter start: is not a time: nanoseconds since 1970",
      undefined,
    ],
    ["/traces?minDuration=fast", "parameter minDuration: is not a duration", undefined],
    ["/traces?minDuration=2s&maxDuration=1s", "minDuration is longer than maxDuration", undefined],
    ["/traces?start=now&end=now-1h", "is not before end", undefined],
    [
      "/traces?attribute=%3Dx",
      'parameter attribute: an attribute key is missing here, at position 0 of "=x"',
      undefined,
    ],
    [
      "/red?step=1ns",
      "parameter step: the range would have more than 5000 columns",
      "for this range step is at least 1s",
    ],
    ["/red?step=0", "parameter step: must be at least 1 ns", undefined],
    ["/traces/xyz", "parameter traceId: is not a trace id: 1 to 32 hex digits", undefined],
    [
      `/traces/${"a".repeat(33)}`,
      "parameter traceId: is not a trace id: 1 to 32 hex digits",
      undefined,
    ],
  ])("%s", async (url, message, hint) => {
    const { status, body } = await get(url);
    expect(status).toBe(400);
    expect(body.error.code).toBe("bad_request");
    expect(body.error.message).toContain(message);
    if (hint === undefined) return;
    expect(body.error.hint).toContain(hint);
  });

  test("a path that does not decode", async () => {
    expect(await get("/traces/%zz")).toMatchObject({
      status: 400,
      body: { error: { code: "bad_request" } },
    });
  });

  test("names like __proto__ are names like any other", async () => {
    const { status, body } = await get("/traces?__proto__=1&constructor=2");
    expect(status).toBe(400);
    expect(body.error.message).toContain("unknown parameter");
  });
});

describe("an error has one shape and its own status:", () => {
  const codes = [
    ["bad_request", 400],
    ["not_found", 404],
    ["limit_exceeded", 422],
    ["overloaded", 429],
    ["cancelled", 499],
    ["internal", 500],
    ["unimplemented", 501],
    ["unavailable", 503],
  ] as const;
  test.each(codes)("%s is %i", async (code, status) => {
    const reader = memoryTraceReader([]);
    reader.services = () =>
      Promise.reject(new ClewError(code, "why", { hint: "what to do", retryAfterMs: 1500 }));
    const answer = await shop({ reader: () => reader }).server.inject("/api/v1/services");
    expect(answer.statusCode).toBe(status);
    const shown =
      code === "internal"
        ? { message: "something went wrong inside Clew" }
        : { message: "why", hint: "what to do" };
    expect(answer.json()).toMatchObject({ error: { code, ...shown } });
    expect(answer.headers["retry-after"]).toBe("2");
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  test("an unknown route is 404, in the same shape", async () => {
    expect(await get("/trace")).toMatchObject({
      status: 404,
      body: { error: { code: "not_found", message: "there is nothing at GET /api/v1/trace" } },
    });
  });

  test.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const)(
    "%s on a known route is 405",
    async (method) => {
      const payload = method === "OPTIONS" ? undefined : "not even JSON";
      const headers = { "content-type": "text/strange" };
      const answer = await server.inject({
        method,
        url: "/api/v1/traces",
        headers,
        ...(payload ? { payload } : {}),
      });
      expect(answer.statusCode).toBe(405);
      expect(answer.headers["allow"]).toBe("GET, HEAD");
      expect(answer.json().error.code).toBe("method_not_allowed");
    },
  );

  test("a store that is not open yet is unavailable, and health still answers", async () => {
    const starting = shop({
      reader: () => {
        throw new ClewError("unavailable", "Clew is starting", { retryAfterMs: 1000 });
      },
    });
    expect((await starting.server.inject("/api/v1/services")).statusCode).toBe(503);
    expect((await starting.server.inject("/api/v1/health")).statusCode).toBe(200);
  });
});

describe("a tenant", () => {
  test("sees only its own spans", async () => {
    expect((await get("/services")).body.services.length).toBe(2);
    expect((await get("/services", { "x-scope-orgid": "other" })).body.services).toEqual([]);
  });

  test("with an impossible name is refused", async () => {
    expect((await get("/services", { "x-clew-tenant": "a/b" })).status).toBe(400);
  });
});

describe("attribute keys", () => {
  test("are answered under one name, with their scope and type", async () => {
    const reader = memoryTraceReader([]);
    const key = { scope: "span", key: "http.route", type: "string", count: 3 } as const;
    reader.attributeKeys = async () => [key];
    const answer = await shop({ reader: () => reader }).server.inject("/api/v1/attributes");
    expect(answer.json()).toEqual({ keys: [key] });
  });
});

describe("names in a path", () => {
  test("may hold slashes, percent-encoded, be long, and be what a browser would resolve", async () => {
    const keys: string[] = [];
    const reader = memoryTraceReader([]);
    reader.attributeValues = async ({ key }) => {
      keys.push(key);
      return [];
    };
    const other = shop({ reader: () => reader }).server;
    const long = "k".repeat(500);
    for (const key of ["a/b c%", long, ".", ".."]) {
      const answer = await other.inject(`/api/v1/attributes/${pathSegment(key)}/values`);
      expect(answer.statusCode).toBe(200);
    }
    expect(keys).toEqual(["a/b c%", long, ".", ".."]);
  });
});

test("every answer forbids content sniffing and foreign scripts", async () => {
  for (const url of ["/api/v1/health", "/nowhere", "/api/v1/traces?x=1"]) {
    const { headers } = await server.inject(url);
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["content-security-policy"]).toContain(
      "default-src 'self'; style-src 'self' 'unsafe-inline'",
    );
  }
});
