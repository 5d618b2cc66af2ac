// Answers of the native API for looking at the UI, computed from the query so that ranges and filters
// have an effect. Shapes are those of @clew/model.

import type {
  Heatmap,
  LogRecord,
  OperationSummary,
  Red,
  RedSeries,
  SearchResult,
  ServiceMap,
  ServiceSummary,
  SpanKindName,
  TraceSummary,
} from "@clew/model";
import { random } from "./fake-trace.ts";

const ms = 1e6;

interface Profile {
  readonly name: string;
  readonly rate: number;
  readonly errors: number;
  readonly p50: number;
}

const storefront: Profile = { name: "storefront", rate: 182.4, errors: 0.0121, p50: 48 * ms };

export const profiles: readonly Profile[] = [
  storefront,
  { name: "basket", rate: 96.2, errors: 0.0312, p50: 21 * ms },
  { name: "pricing", rate: 74.8, errors: 0, p50: 9.4 * ms },
  { name: "stock", rate: 141.0, errors: 0.0004, p50: 3.2 * ms },
  { name: "shipping", rate: 22.9, errors: 0, p50: 34 * ms },
  { name: "payment", rate: 11.3, errors: 0.0874, p50: 212 * ms },
  { name: "mailer", rate: 4.1, errors: 0, p50: 640 * ms },
  { name: "search-index", rate: 58.7, errors: 0.002, p50: 1.1 * ms },
  { name: "nightly-report", rate: 0.004, errors: 0, p50: 41_000 * ms },
  { name: "<b>bold</b> service", rate: 0.8, errors: 0.5, p50: 0.2 * ms },
  {
    name: "a-service-with-a-name-so-long-that-no-column-could-ever-hold-it-".repeat(4),
    rate: 0.3,
    errors: 0,
    p50: 2 * ms,
  },
];

function red(profile: Profile, seconds: number): Red {
  const count = profile.rate * seconds;
  return {
    count,
    errorCount: count * profile.errors,
    ratePerSecond: profile.rate,
    errorRate: profile.errors,
    p50Nano: profile.p50,
    p95Nano: profile.p50 * 3.4,
    p99Nano: profile.p50 * 8.1,
    maxNano: profile.p50 * 30,
  };
}

export interface Range {
  readonly start: bigint;
  readonly end: bigint;
}

const secondsOf = (range: Range): number => Number(range.end - range.start) / 1e9;

export function services(range: Range): ServiceSummary[] {
  return profiles.map((profile) => ({
    service: profile.name,
    basis: profile.name === "nightly-report" ? "spans" : "requests",
    spanCount: profile.rate * secondsOf(range) * 4,
    ...red(profile, secondsOf(range)),
  }));
}

export function operations(service: string, range: Range): OperationSummary[] {
  const profile = profiles.find((one) => one.name === service);
  if (profile === undefined) return [];
  const names = [
    "GET /basket/{id}",
    "POST /basket/{id}/items",
    "GET /health",
    "DELETE /basket/{id}",
    "receipts process",
    "GET /suggest",
    "SELECT basket_items",
    "price the basket",
  ];
  const kinds: Readonly<Record<number, SpanKindName>> = {
    4: "consumer",
    6: "client",
    7: "internal",
  };
  return names.map((operation, i) => ({
    service,
    operation,
    kind: kinds[i] ?? "server",
    ...red(
      {
        ...profile,
        rate: profile.rate / (i + 1.6),
        errors: i % 2 === 0 ? profile.errors * 1.4 : 0,
        p50: profile.p50 * (0.6 + i * 0.5),
      },
      secondsOf(range),
    ),
  }));
}

export function redSeries(service: string | undefined, range: Range, stepNano: number): RedSeries {
  const profile = profiles.find((one) => one.name === service) ?? storefront;
  const n = Math.max(1, Math.ceil(Number(range.end - range.start) / stepNano));
  const next = random(n * 31 + profile.name.length);
  const wave = Array.from({ length: n }, (_, i) => 1 + 0.25 * Math.sin(i / 9) + 0.12 * next());
  const incident = (i: number): number => (i > n * 0.62 && i < n * 0.74 ? 1 : 0);
  const count = wave.map((w) => Math.round(profile.rate * w * (stepNano / 1e9)));
  return {
    startUnixNano: String(range.start),
    stepNano,
    count,
    errorCount: count.map((c, i) => Math.round(c * (profile.errors + incident(i) * 0.11))),
    p50Nano: wave.map((w, i) => profile.p50 * w * (1 + incident(i) * 0.3)),
    p95Nano: wave.map((w, i) => profile.p50 * 3.4 * w * (1 + incident(i) * 1.8)),
    p99Nano: wave.map((w, i) => profile.p50 * 8.1 * w * (1 + incident(i) * 2.5)),
  };
}

export function heatmap(service: string | undefined, range: Range, stepNano: number): Heatmap {
  const profile = profiles.find((one) => one.name === service) ?? storefront;
  const columns = Math.max(1, Math.ceil(Number(range.end - range.start) / stepNano));
  const bucketNano = Array.from({ length: 61 }, (_, i) => 1e4 * 1.32 ** i);
  const next = random(columns);
  const counts: number[][] = [];
  const errorCounts: number[][] = [];
  for (let c = 0; c < columns; c++) {
    const slow = c > columns * 0.62 && c < columns * 0.74;
    const column = bucketNano.slice(1).map((nano) => {
      const bell = (centre: number, width: number): number =>
        Math.exp(-(((Math.log(nano) - Math.log(centre)) / width) ** 2));
      const value =
        90 * bell(profile.p50, 0.55) +
        14 * bell(profile.p50 * 7, 0.5) +
        (slow ? 30 * bell(profile.p50 * 22, 0.5) : 0);
      return Math.round(value * (0.6 + 0.8 * next()) - 0.4);
    });
    counts.push(column.map((v) => Math.max(0, v)));
    errorCounts.push(
      column.map((v, i) =>
        slow && (bucketNano[i] as number) > profile.p50 * 12 && v > 4 ? Math.round(v / 3) : 0,
      ),
    );
  }
  return { startUnixNano: String(range.start), stepNano, bucketNano, counts, errorCounts };
}

export function serviceMap(range: Range): ServiceMap {
  const node = (
    name: string,
    type: "service" | "database" | "messaging" | "external" = "service",
  ) => ({ id: type === "service" ? name : `${type}:${name}`, name, type });
  const edge = (source: string, target: string, rate: number, errors = 0, p50 = 4 * ms) => ({
    source,
    target,
    count: rate * secondsOf(range),
    errorCount: rate * secondsOf(range) * errors,
    ratePerSecond: rate,
    p50Nano: p50,
    p95Nano: p50 * 3,
    p99Nano: p50 * 8,
  });
  return {
    nodes: [
      node("storefront"),
      node("basket"),
      node("pricing"),
      node("stock"),
      node("shipping"),
      node("payment"),
      node("mailer"),
      node("search-index"),
      node("postgresql", "database"),
      node("redis", "database"),
      node("receipts", "messaging"),
      node("api.cards.example", "external"),
      node("<b>bold</b> service"),
    ],
    edges: [
      edge("storefront", "basket", 96.2, 0.031),
      edge("storefront", "pricing", 60.1),
      edge("storefront", "search-index", 58.7, 0.002),
      edge("basket", "stock", 88.1),
      edge("basket", "database:postgresql", 96, 0.021, 12 * ms),
      edge("pricing", "stock", 52.9),
      edge("stock", "database:redis", 141, 0, 0.4 * ms),
      edge("storefront", "payment", 11.3, 0.087, 212 * ms),
      edge("payment", "external:api.cards.example", 11.3, 0.081, 190 * ms),
      edge("payment", "messaging:receipts", 10.2),
      edge("messaging:receipts", "mailer", 10.1),
      edge("pricing", "shipping", 22.9),
      edge("payment", "database:postgresql", 11, 0, 7 * ms),
      edge("mailer", "<b>bold</b> service", 0.8, 0.5),
    ],
  };
}

/** Ids that the fixture can open, with the number of spans. */
export const openable: Readonly<Record<string, number>> = {
  aaaa: 64,
  bbbb: 10_000,
  cccc: 100_000,
  dddd: 9,
};
export const tracePrefix = "4bf92f3577b34da6000000000000";

export function search(query: URLSearchParams, range: Range): SearchResult {
  const page = Number(query.get("cursor") ?? 0);
  const limit = Math.min(100, Number(query.get("limit") ?? 20));
  const service = query.get("service");
  const wantsError = query.get("status") === "error";
  const [low, high] = [
    Number(query.get("minDuration") ?? 0),
    Number(query.get("maxDuration") ?? Number.POSITIVE_INFINITY),
  ];
  const next = random(77 + page);
  const traces: TraceSummary[] = [];
  const span = range.end - range.start;
  for (let i = 0; i < limit; i++) {
    const at =
      range.end -
      (span * BigInt(Math.floor(((page * limit + i + next() * 0.9) / (limit * 4)) * 1e6))) /
        1_000_000n;
    const duration = Math.round(22 * ms * Math.exp(next() * 3.4) * (next() < 0.06 ? 9 : 1));
    const errors = next() < 0.13 || wantsError ? 1 + Math.floor(next() * 4) : 0;
    const kind = Object.keys(openable)[i % 4] as string;
    if (duration < low || duration > high) continue;
    const rooted = i !== 5;
    traces.push({
      traceId: tracePrefix + kind,
      startUnixNano: String(at),
      durationNano: duration,
      ...(rooted
        ? {
            rootService: service ?? "storefront",
            rootName:
              i === 8
                ? '<img src=x onerror="alert(1)"> \u202eabc'
                : (["GET /basket/{id}", "POST /checkout", "GET /suggest"][i % 3] as string),
          }
        : {}),
      spanCount: openable[kind] as number,
      errorCount: errors,
      services: [
        "basket",
        "payment",
        "pricing",
        "stock",
        "storefront",
        "shipping",
        "mailer",
        "search-index",
      ].slice(0, 2 + Math.floor(next() * 6)),
      matched: {
        spanId: "00f067aa0baa0001",
        service: service ?? "storefront",
        name: i % 4 === 1 ? "SELECT basket_items" : "GET /basket/{id}",
        startUnixNano: String(at),
        durationNano: duration / 2,
        kind: "server",
        status: errors > 0 ? "error" : "unset",
      },
    });
  }
  if (query.get("sort") === "slowest") traces.sort((a, b) => b.durationNano - a.durationNano);
  return { traces, ...(page < 3 ? { nextCursor: String(page + 1) } : {}) };
}

export function values(prefix: string): { value: string; type: "string"; count: number }[] {
  const known = ["GET", "POST", "DELETE", "postgresql", "redis"];
  return known
    .filter((value) => value.includes(prefix))
    .map((value, i) => ({ value, type: "string", count: 4000 / (i + 1) }));
}

export function logs(traceId: string, start: bigint): LogRecord[] {
  const texts = [
    "basket 4711 loaded, 4 items",
    "pool exhausted, waiting for a connection",
    "<script>alert(1)</script> is only text",
    "retry 1 of 3 after 503",
  ];
  return texts.map((body, i) => ({
    timeUnixNano: String(start + BigInt(40 + i * 120) * 1_000_000n),
    severityNumber: [9, 17, 9, 13][i] as number,
    severityText: ["INFO", "ERROR", "INFO", "WARN"][i] as string,
    service: "basket",
    traceId,
    spanId: i < 2 ? "00f067aa0baa0001" : "00f067aa0bab0002",
    eventName: "",
    body,
    attributes: {},
  }));
}
