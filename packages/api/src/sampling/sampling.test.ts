// Rates of sampling over the native API and as tracers are told them: who counts before whom, what stays after a failure,
// adaptive services followed over time, and input that nobody should send.

import type { SamplingOverview } from "@clew/model";
import type { RedSeriesReader } from "@clew/storage";
import type { FastifyInstance, LightMyRequestResponse } from "fastify";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ErrorBody } from "../http/errors.ts";
import { createApiServer } from "../http/server.ts";
import { nativeApi } from "../native/plugin.ts";
import { memoryTraceReader } from "../native/testing/memory-trace-reader.ts";
import { memoryRedReader } from "../prometheus/testing/memory-red-reader.ts";
import { memoryTraceqlReader } from "../tempo/testing/memory-traceql-reader.ts";
import { samplingApi } from "./plugin.ts";
import { readRates, type SamplingRates } from "./rates.ts";
import { Sampling, type TenantRates } from "./sampling.ts";

type Rows = Awaited<ReturnType<RedSeriesReader["throughput"]>>;

let nowMs: number;
let arrived: (service: string | undefined) => Rows;
let stored: TenantRates;
let storing: () => Promise<void>;
let changes: number;
let sampling: Sampling;
let server: FastifyInstance;

beforeEach(() => {
  nowMs = 1_800_000_000_000;
  arrived = () => [];
  stored = new Map();
  storing = async () => undefined;
  changes = 0;
  sampling = new Sampling({
    reader: () => ({ ...memoryRedReader([]), throughput: async ({ service }) => arrived(service) }),
    stored,
    store: async (rates) => {
      await storing();
      stored = rates;
    },
    onChange: () => {
      changes++;
    },
    now: () => nowMs,
  });
  server = createApiServer();
  server.register(samplingApi, { sampling });
  server.register(nativeApi, {
    reader: () => memoryTraceReader([]),
    traceql: () => memoryTraceqlReader(),
    sampling,
    health: () => ({ status: "ok", reasons: [] }),
    version: "1",
  });
});
afterEach(() => server.close());

function filed(document: unknown): SamplingRates {
  const result = readRates(document);
  if ("problems" in result) throw new Error(JSON.stringify(result.problems));
  return result.rates;
}

/** What a tracer of `service` is told. */
function told(service: string, tenant = "default"): Record<string, unknown> {
  return JSON.parse(Buffer.from(sampling.answer(tenant, service).json).toString()) as Record<
    string,
    unknown
  >;
}

function rate(service: string, tenant?: string): unknown {
  return (told(service, tenant)["probabilisticSampling"] as { samplingRate: number }).samplingRate;
}

function put(
  path: string,
  payload: object | string,
  headers = {},
): Promise<LightMyRequestResponse> {
  const type = { "content-type": "application/json" };
  const url = `/api/v1/sampling${path}`;
  return server.inject({ method: "PUT", url, payload, headers: { ...type, ...headers } });
}

describe("a service is told", () => {
  test("what is said of it before what is said of all, and the API before the file", async () => {
    expect(rate("cart")).toBe(1);
    sampling.useFile({ rates: filed({ default: { probability: 0.5 } }) });
    expect(rate("cart")).toBe(0.5);
    await put("", { probability: 0.4 });
    expect(rate("cart")).toBe(0.4);
    const services = { cart: { probability: 0.3 } };
    sampling.useFile({ rates: filed({ default: { probability: 0.5 }, services }) });
    expect(rate("cart")).toBe(0.3);
    await put("/cart", { probability: 0.2 });
    expect(rate("cart")).toBe(0.2);
    expect(
      (await server.inject({ method: "DELETE", url: "/api/v1/sampling/cart" })).json(),
    ).toEqual({
      service: "cart",
      source: "file",
      sampling: { probability: 0.3 },
      probability: 0.3,
      operations: [],
      askedUnixNano: "1800000000000000000",
    });
    expect(rate("cart")).toBe(0.3);
    await server.inject({ method: "DELETE", url: "/api/v1/sampling" });
    expect(rate("other")).toBe(0.5);
    expect([...stored]).toEqual([]);
  });

  test("a limit, and shares of operations, in Jaeger's words", async () => {
    await put("/search", { tracesPerSecond: 20 });
    expect(told("search")).toEqual({
      strategyType: "RATE_LIMITING",
      rateLimitingSampling: { maxTracesPerSecond: 20 },
    });
    await put("/cart", { probability: 0.5, operations: { "GET /health": 0 } });
    expect(told("cart")).toEqual({
      strategyType: "PROBABILISTIC",
      probabilisticSampling: { samplingRate: 0.5 },
      operationSampling: {
        defaultSamplingProbability: 0.5,
        defaultLowerBoundTracesPerSecond: 0,
        perOperationStrategies: [
          { operation: "GET /health", probabilisticSampling: { samplingRate: 0 } },
        ],
        defaultUpperBoundTracesPerSecond: 0,
      },
    });
  });

  test("what its own tenant said", async () => {
    await put("/cart", { probability: 0.5 }, { "x-clew-tenant": "team-a" });
    expect(rate("cart", "team-a")).toBe(0.5);
    expect(rate("cart")).toBe(1);
  });

  test("nothing new by a change that could not be stored", async () => {
    storing = async () => Promise.reject(new Error("no space left"));
    const answer = await put("/cart", { probability: 0.5 });
    expect(answer.statusCode).toBe(500);
    expect([rate("cart"), changes]).toEqual([1, 0]);
    storing = async () => undefined;
    expect((await put("/cart", { probability: 0.5 })).statusCode).toBe(200);
    expect([rate("cart"), changes]).toEqual([0.5, 1]);
  });

  test("the last good rates of a file that is wrong now, which is said", async () => {
    sampling.useFile({ rates: filed({ default: { probability: 0.5 } }) });
    sampling.useFile({ error: "rates.yaml:3: services.cart must be a map" });
    expect(rate("cart")).toBe(0.5);
    const overview = await server.inject("/api/v1/sampling");
    expect(overview.json()).toMatchObject({
      fileError: "rates.yaml:3: services.cart must be a map",
    });
  });
});

test("changes that come together all count", async () => {
  await Promise.all(
    Array.from({ length: 20 }, (_, i) => put(`/service-${i}`, { probability: i / 20 })),
  );
  expect(stored.get("default")?.services.size).toBe(20);
  expect(rate("service-10")).toBe(0.5);
});

describe("an adaptive service", () => {
  /** Plays minutes of `made` requests a second, of which tracers keep what they are told. */
  async function play(minutes: number, made: number): Promise<void> {
    for (let step = 0; step < minutes * 2; step++) {
      const kept = rate("cart") as number;
      nowMs += 30_000;
      const startMs = Math.floor((nowMs - 64_000) / 60_000) * 60_000;
      const spans = Math.round((made * kept * (nowMs - 4000 - startMs)) / 1000);
      arrived = (service) =>
        service === undefined ? [{ name: "cart", spans, weight: spans / kept }] : [];
      await sampling.compute();
    }
  }

  test("comes to keep its target, follows a change, and is told the initial rate when all is quiet", async () => {
    await put("/cart", { targetPerSecond: 5, initialProbability: 0.5 });
    expect(rate("cart")).toBe(0.5);
    await play(10, 100);
    expect(rate("cart")).toBeCloseTo(0.05, 2);
    await play(10, 1000);
    expect(rate("cart")).toBeCloseTo(0.005, 3);
    await play(20, 0);
    expect(rate("cart")).toBe(0.5);
  });

  test("keeps its rate while the store does not answer", async () => {
    await put("/cart", { targetPerSecond: 5 });
    await play(5, 100);
    const before = rate("cart");
    arrived = () => {
      throw new Error("the engine is gone");
    };
    await expect(sampling.compute()).rejects.toThrow("the engine is gone");
    expect(rate("cart")).toBe(before);
  });

  test("has a rate for each operation where that is asked for; what is said of one counts before it", async () => {
    await put("/cart", {
      targetPerSecond: 1,
      perOperation: true,
      operations: { "GET /health": 0 },
    });
    arrived = (service) =>
      service === undefined
        ? [{ name: "cart", spans: 6000, weight: 6000 }]
        : [
            { name: "GET /cart", spans: 5990, weight: 5990 },
            { name: "GET /health", spans: 5, weight: 5 },
            { name: "POST /pay", spans: 5, weight: 5 },
          ];
    told("cart");
    await sampling.compute();
    const { operations } = await sampling.status("default", "cart");
    const rates = new Map(operations.map(({ operation, probability }) => [operation, probability]));
    expect(rates.get("GET /health")).toBe(0);
    expect(rates.get("POST /pay")).toBe(1);
    expect(rates.get("GET /cart")).toBeLessThan(0.05);
  });

  test("is not computed for when none of its tracers asks", async () => {
    await put("/cart", { targetPerSecond: 5 });
    let questions = 0;
    arrived = () => {
      questions++;
      return [];
    };
    await sampling.compute();
    expect(questions).toBe(0);
    told("cart");
    await sampling.compute();
    expect(questions).toBe(1);
    nowMs += 11 * 60_000;
    await sampling.compute();
    expect(questions).toBe(1);
  });
});

test("the overview has the services that are seen, that ask, and that something is said of", async () => {
  arrived = () => [{ name: "seen", spans: 60, weight: 240 }];
  sampling.useFile({ rates: filed({ services: { filed: { tracesPerSecond: 5 } } }) });
  told("asks");
  const answer = await server.inject("/api/v1/sampling");
  const { services } = answer.json<SamplingOverview>();
  expect(services.map(({ service }) => service)).toEqual(["asks", "filed", "seen"]);
  const { seen } = services[2] ?? {};
  expect((seen?.madePerSecond ?? 0) / (seen?.keptPerSecond ?? 1)).toBeCloseTo(4);
});

describe("what does not fit is refused, with its place", () => {
  test.each([
    [{ probability: 2 }, "the body's probability must be a number from 0 to 1"],
    [{ probability: -0.1 }, "the body's probability must be a number from 0 to 1"],
    [{ probability: "0.5" }, "the body's probability must be a number from 0 to 1"],
    [{ tracesPerSecond: 0.5 }, "the body's tracesPerSecond must be a whole number from 1"],
    [{ targetPerSecond: 0 }, "the body's targetPerSecond must be a number above 0"],
    [{ probability: 1, tracesPerSecond: 1 }, "tracesPerSecond cannot stand beside probability"],
    [{ tracesPerSecond: 1, operations: {} }, "operations cannot stand beside tracesPerSecond"],
    [{ minProbability: 0.1 }, "minProbability is for targetPerSecond"],
    [
      { targetPerSecond: 1, minProbability: 0.5, maxProbability: 0.1 },
      "minProbability is greater than maxProbability",
    ],
    [
      { probability: 1, operations: { "GET /": 7 } },
      "the body's operations.GET / must be a number",
    ],
    [{ probabilty: 0.5 }, "the body has unknown keys: probabilty"],
    [[], "the body"],
  ])("%j", async (body, message) => {
    const answer = await put("/cart", body);
    expect(answer.statusCode).toBe(400);
    expect(answer.json<ErrorBody>().error.message).toContain(message);
    expect([...stored]).toEqual([]);
  });

  test.each([
    '{"probability":NaN}',
    '{"probability":1e999}',
    '{"__proto__":{"probability":0}}',
    "",
  ])("%s", async (body) => {
    expect((await put("/cart", body)).statusCode).toBe(400);
  });

  test("ten thousand operations fit, one more does not", async () => {
    const some = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`GET /operation/${i}`, 0.5]));
    expect((await put("/cart", { operations: some(10_000) })).statusCode).toBe(200);
    expect((await put("/cart", { operations: some(10_001) })).json()).toMatchObject({
      error: { message: "the body's operations has more than 10000 operations" },
    });
  });

  test("names of services that nobody should have are names like others, up to a length", async () => {
    for (const name of ["__proto__", "constructor", "..", "a/b", "\u0000\u001b[31m", "%2e"]) {
      const segment = encodeURIComponent(name === ".." ? "~.." : name);
      expect((await put(`/${segment}`, { probability: 0.25 })).statusCode).toBe(200);
      expect(rate(name)).toBe(0.25);
    }
    expect(rate("toString")).toBe(1);
    expect((await put(`/${"x".repeat(1025)}`, { probability: 1 })).statusCode).toBe(400);
    expect(rate("x".repeat(1_000_000))).toBe(1);
  });
});

test("a document's mistakes are all said, with their places", () => {
  expect(
    readRates({
      default: { probability: "half" },
      services: { cart: { tracesPerSecond: -1 }, "": {}, search: 7 },
      service: {},
    }),
  ).toEqual({
    problems: [
      { path: ["default", "probability"], message: "must be a number from 0 to 1" },
      {
        path: ["services", "cart", "tracesPerSecond"],
        message: "must be a whole number from 1 to 2147483647",
      },
      { path: ["services", ""], message: "is no name of a service: 1 to 1024 characters" },
      { path: ["services", "search"], message: expect.stringContaining("expected object") },
      { path: ["service"], message: "is unknown; there are default and services" },
    ],
  });
  expect(readRates([])).toEqual({ problems: [{ path: [], message: "must be a map" }] });
});
