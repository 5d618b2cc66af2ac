// Sampling: consistent between services, exact in its counts, and cheap to refuse.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { usualUrls } from "../parts/remote-sampling.ts";
import { randomnessOf, sampledState } from "./ot-state.ts";
import { RateLimit } from "./rate-limit.ts";
import { ruleSampler } from "./rules.ts";
import { type Candidate, DROP, thresholdOf, thresholdText, traceRandomness } from "./sampler.ts";
import { alwaysOff, alwaysOn, probability } from "./simple-samplers.ts";
import { samplerOfStrategy } from "./strategy.ts";

fc.configureGlobal({ seed: 20_261_122 });

function candidate(id: string, name = "GET", attributes = {}): Candidate {
  return {
    traceId: id,
    name,
    kind: 1,
    randomness: () => traceRandomness(id),
    attributes: () => attributes,
    parentSampled: undefined,
  };
}

/** The n-th of `of` traces whose random bits are spread evenly. */
function traceId(n: number, of: number): string {
  const random = Math.floor((n / of) * 2 ** 52);
  return `${"a".repeat(18)}${random.toString(16).padStart(13, "0")}0`;
}

describe("probability", () => {
  test.each([1, 0.5, 0.25, 0.1, 0.01, 1 / 3, 0.001])("a share of %d keeps that share", (share) => {
    const sampler = probability(share);
    let kept = 0;
    for (let i = 0; i < 10_000; i++) {
      if (sampler.decide(candidate(traceId(i, 10_000))) !== DROP) kept++;
    }
    expect(kept / 10_000).toBeCloseTo(share, 3);
  });

  test("the threshold says the share again, to four digits", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1, noNaN: true }), (share) => {
        const text = thresholdText(thresholdOf(share));
        expect(text).toMatch(/^[0-9a-f]{1,13}$/);
        const threshold = Number.parseInt(text.padEnd(14, "0"), 16) / 2 ** 56;
        expect(Math.abs((1 - threshold) / share - 1)).toBeLessThan(1e-4);
      }),
    );
  });

  test("a smaller share keeps a part of what a larger one keeps", () => {
    const [small, large] = [probability(0.1), probability(0.4)];
    for (let i = 0; i < 1000; i++) {
      const each = candidate(traceId(i, 1000));
      if (small.decide(each) !== DROP) expect(large.decide(each)).not.toBe(DROP);
    }
  });

  test("thresholds are those of the specification", () => {
    expect(thresholdText(thresholdOf(0.5))).toBe("8");
    expect(thresholdText(thresholdOf(0.25))).toBe("c");
    expect(thresholdText(thresholdOf(1))).toBe("0");
    expect(thresholdOf(0)).toBe(DROP);
    expect(thresholdOf(Number.NaN)).toBe(DROP);
  });
});

describe("tracestate", () => {
  test("ot is written in front, and keeps what others said in it", () => {
    expect(sampledState(thresholdOf(0.5), undefined)).toBe("ot=th:8");
    expect(sampledState(thresholdOf(0.5), "v=1,ot=rv:00000000000001;th:c")).toBe(
      "ot=th:8;rv:00000000000001,v=1",
    );
    expect(sampledState(0, "v=1")).toBe("v=1");
    expect(sampledState(-2, "ot=th:8")).toBeUndefined();
  });

  test("explicit randomness counts before the trace id", () => {
    expect(randomnessOf("ot=rv:80000000000000", "0".repeat(32))).toBe(2 ** 51);
    expect(randomnessOf("ot=rv:xyz", `${"0".repeat(18)}8${"0".repeat(13)}`)).toBe(2 ** 51);
  });
});

test("a rate limit keeps about so many a second, whatever arrives, and says how many each stands for", () => {
  let now = 0;
  const sampler = new RateLimit(100, () => now);
  const kept: number[] = [];
  for (let second = 0; second < 5; second++) {
    let count = 0;
    for (let i = 0; i < 10_000; i++) {
      now = second * 1000 + i / 10;
      if (sampler.decide(candidate(traceId((i * 7919) % 10_000, 10_000))) !== DROP) count++;
    }
    kept.push(count);
  }
  expect(Math.max(...kept)).toBeLessThanOrEqual(200);
  for (const count of kept.slice(1)) expect(Math.abs(count - 100)).toBeLessThan(15);
});

test.each([
  ["when it begins", 0],
  ["after a silence", 10],
])("what a rate limit keeps of a burst %s stands for all of it", (_, silentSeconds) => {
  let random = 1;
  const next = (): number => {
    random = (random * 48271) % 2147483647;
    return random % 1e6;
  };
  let stoodFor = 0;
  let kept = 0;
  const rounds = 400;
  for (let round = 0; round < rounds; round++) {
    let now = 0;
    const sampler = new RateLimit(20, () => now);
    sampler.decide(candidate(traceId(0, 2)));
    now = silentSeconds * 1000;
    for (let i = 0; i < 500; i++) {
      const threshold = sampler.decide(candidate(traceId(next(), 1e6)));
      if (threshold === DROP) continue;
      kept++;
      stoodFor += 1 / (1 - threshold / 2 ** 52);
    }
  }
  expect(Math.abs(stoodFor / rounds / 500 - 1)).toBeLessThan(0.05);
  expect(kept / rounds).toBeLessThan(45);
});

test("the first rule that fits decides, by name, route or attribute", () => {
  const sampler = ruleSampler(
    [
      { route: "/health*", share: 0 },
      { name: "job *", attributes: { tier: "g?ld" }, share: 0 },
      { attributes: { tier: "gold" }, share: 1 },
    ],
    alwaysOff,
  );
  const decide = (name: string, attributes: object) =>
    sampler.decide(candidate(traceId(1, 2), name, attributes)) !== DROP;
  expect(decide("GET", { "url.path": "/healthz", tier: "gold" })).toBe(false);
  expect(decide("GET", { "url.path": "/x", tier: "gold" })).toBe(true);
  expect(decide("GET", { "url.path": "/x" })).toBe(false);
});

test("answers of a sampling endpoint become samplers, and nonsense none", () => {
  const half = samplerOfStrategy({ probabilisticSampling: { samplingRate: 0.5 } });
  expect(half?.decide(candidate(traceId(3, 4)))).toBe(2 ** 51);
  expect(half?.decide(candidate(traceId(1, 4)))).toBe(DROP);
  const each = samplerOfStrategy({
    operationSampling: {
      defaultSamplingProbability: 0,
      perOperationStrategies: [{ operation: "GET", probabilisticSampling: { samplingRate: 1 } }],
    },
  });
  expect(each?.decide(candidate(traceId(0, 4), "GET"))).toBe(alwaysOn.decide(candidate("")));
  expect(each?.decide(candidate(traceId(0, 4), "POST"))).toBe(DROP);
  expect(samplerOfStrategy({ probabilisticSampling: { samplingRate: "all" } })).toBeUndefined();
  expect(samplerOfStrategy({})).toBeUndefined();
  expect(samplerOfStrategy(null)).toBeUndefined();
  expect(samplerOfStrategy({ probabilisticSampling: { samplingRate: 1.5 } })).toBeUndefined();
});

test("answers with null for what they do not use are understood", () => {
  const half = samplerOfStrategy({
    strategyType: 0,
    probabilisticSampling: { samplingRate: 0.5 },
    rateLimitingSampling: null,
    operationSampling: null,
  });
  expect(half?.decide(candidate(traceId(3, 4)))).toBe(2 ** 51);
});

describe("rates of operations", () => {
  const rates = {
    "GET /users/:id": 1,
    "GET /users/me": 0,
    "POST /users": 1,
    "GET /files/*": 1,
    "GET /": 1,
    "load cart": 1,
    GET: 0.5,
  };
  const sampler = samplerOfStrategy({
    operationSampling: {
      defaultSamplingProbability: 0,
      perOperationStrategies: Object.entries(rates).map(([operation, samplingRate]) => ({
        operation,
        probabilisticSampling: { samplingRate },
      })),
    },
  });
  const kept = (name: string, path?: string) =>
    sampler?.decide(candidate(traceId(0, 4), name, { "url.path": path })) === 0;

  test.each([
    ["GET", "/users/17", true],
    ["GET", "/users/me", false],
    ["GET", "/users/17/cart", false],
    ["GET", "/users/", false],
    ["POST", "/users", true],
    ["POST", "/users/17", false],
    ["GET", "/files/a/b", true],
    ["GET", "/", true],
    ["GET", undefined, false],
    ["load cart", undefined, true],
    ["load", "/users/17", false],
  ])("hold for routes that are not known yet: %s %s", (name, path, expected) => {
    expect(kept(name, path)).toBe(expected);
  });

  test("ask for no attributes where no route is sampled otherwise", () => {
    const each = candidate(traceId(0, 4), "PUT");
    const poisoned = { ...each, attributes: () => expect.unreachable() };
    expect(sampler?.decide(poisoned)).toBe(DROP);
  });
});

test("rates are asked for where spans are sent to, then at Jaeger's port there", () => {
  expect(usualUrls("https://clew.example:4318/in/v1/traces")).toEqual([
    "https://clew.example:4318/in/sampling",
    "http://clew.example:5778/sampling",
  ]);
  expect(usualUrls("http://[::1]:4318/other")[0]).toBe("http://[::1]:4318/sampling");
});
