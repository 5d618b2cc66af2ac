import { decodeTraces, decodeTracesJson } from "@clew/codec";
import { SpanBatch, toHex } from "@clew/model";
import { beforeAll, describe, expect, it } from "vitest";
import { type Batch, BlockGenerator } from "./block-generator.ts";
import { expectedBatch, expectedSpans } from "./expected.ts";
import { toJsonRequest } from "./otlp-reader.ts";
import { blockSpans, type LoadPlan, makePlan } from "./plan.ts";

const BASE = 1_790_000_000_000_000_000n;

function generate(options: Partial<LoadPlan>, block = 0): Batch[] {
  const generator = new BlockGenerator(makePlan(options));
  generator.begin(block, BASE);
  const batches: Batch[] = [];
  for (let batch = generator.next(); batch !== undefined; batch = generator.next())
    batches.push(batch);
  return batches;
}

function bytesOf(batches: readonly Batch[]): Buffer {
  return Buffer.concat(batches.map((batch) => batch.payload));
}

interface Row {
  readonly trace: string;
  readonly span: string;
  readonly parent: string;
  readonly service: string;
  readonly kind: number;
  readonly start: bigint;
  readonly end: bigint;
  readonly request: number;
}

const NO_PARENT = "0000000000000000";

describe("a block of 60,000 spans", () => {
  const columns = new SpanBatch();
  const rows: Row[] = [];
  let batches: Batch[] = [];
  let rejected = 0;
  let accepted = 0;

  beforeAll(() => {
    batches = generate({ seed: 11, spans: 60_000, giants: 0 });
    columns.beginRequest("default", 0);
    batches.forEach((batch, request) => {
      const from = columns.length;
      const result = decodeTraces(batch.payload, columns);
      accepted += result.accepted;
      rejected += result.rejected;
      for (let row = from; row < columns.length; row++) {
        rows.push({
          trace: toHex(columns.traceIds, row * 16, 16),
          span: toHex(columns.spanIds, row * 8, 8),
          parent: toHex(columns.parentIds, row * 8, 8),
          service: columns.strings.text(
            columns.resources.serviceName[columns.resource[row] as number] as number,
          ),
          kind: columns.kind[row] as number,
          start: columns.startNano(row),
          end: columns.endNano(row),
          request,
        });
      }
    });
  });

  it("is valid OTLP to the decoder of the server, with exactly the spans asked for", () => {
    expect({ accepted, rejected }).toEqual({ accepted: 60_000, rejected: 0 });
    expect(batches.reduce((sum, batch) => sum + batch.spans, 0)).toBe(60_000);
  });

  it("says the same in JSON as in protobuf", () => {
    const batch = batches[3] as Batch;
    const viaJson = new SpanBatch();
    viaJson.beginRequest("default", 0);
    const json = new TextEncoder().encode(JSON.stringify(toJsonRequest(batch.payload)));
    expect(decodeTracesJson(json, viaJson).accepted).toBe(batch.spans);
    const viaProtobuf = new SpanBatch();
    viaProtobuf.beginRequest("default", 0);
    decodeTraces(batch.payload, viaProtobuf);
    expect(viaJson.traceIds.subarray(0, batch.spans * 16)).toEqual(
      viaProtobuf.traceIds.subarray(0, batch.spans * 16),
    );
    expect(viaJson.attributes.length).toBe(viaProtobuf.attributes.length);
    expect(viaJson.startNano(5)).toBe(viaProtobuf.startNano(5));
    expect(viaJson.eventCount).toBe(viaProtobuf.eventCount);
  });

  it("has 8 to 12 attributes and about 380 bytes a span", () => {
    const attributes = columns.attributes.length / columns.length;
    const bytes = bytesOf(batches).length / columns.length;
    expect(attributes).toBeGreaterThan(8);
    expect(attributes).toBeLessThan(12);
    expect(bytes).toBeGreaterThan(350);
    expect(bytes).toBeLessThan(420);
  });

  it("comes from 16 services, one pod a request, a trace spread over several requests", () => {
    expect(new Set(rows.map((row) => row.service)).size).toBe(16);
    const requestsOf = new Map<string, Set<number>>();
    const servicesOf = new Map<number, Set<string>>();
    for (const row of rows) {
      requestsOf.set(row.trace, (requestsOf.get(row.trace) ?? new Set()).add(row.request));
      servicesOf.set(row.request, (servicesOf.get(row.request) ?? new Set()).add(row.service));
    }
    expect([...servicesOf.values()].every((services) => services.size === 1)).toBe(true);
    const spread = [...requestsOf.values()].map((requests) => requests.size);
    expect(spread.reduce((sum, n) => sum + n, 0) / spread.length).toBeGreaterThan(3);
  });

  it("has whole traces: one root, every parent there, ids unique, about 20 spans", () => {
    const spansOf = new Map<string, Row[]>();
    for (const row of rows) spansOf.set(row.trace, [...(spansOf.get(row.trace) ?? []), row]);
    for (const spans of spansOf.values()) {
      const ids = new Set(spans.map((span) => span.span));
      expect(ids.size).toBe(spans.length);
      expect(spans.filter((span) => span.parent === NO_PARENT).length).toBe(1);
      expect(spans.every((span) => span.parent === NO_PARENT || ids.has(span.parent))).toBe(true);
    }
    const sizes = [...spansOf.values()].map((spans) => spans.length).sort((a, b) => a - b);
    expect(sizes[Math.floor(sizes.length / 2)]).toBeGreaterThanOrEqual(12);
    expect(sizes[Math.floor(sizes.length / 2)]).toBeLessThanOrEqual(28);
    expect(sizes.at(-1)).toBeGreaterThan(100);
    expect(sizes.at(-1)).toBeLessThanOrEqual(500);
  });

  it("nests synchronous spans of a service in time up to its clock's resolution", () => {
    const byId = new Map(rows.map((row) => [row.trace + row.span, row]));
    const inside = rows.filter((row) => {
      const parent = byId.get(row.trace + row.parent);
      return parent !== undefined && parent.service === row.service && row.kind !== 5;
    });
    expect(inside.length).toBeGreaterThan(10_000);
    const resolution = 1_001_000n;
    const outside = inside.filter((row) => {
      const parent = byId.get(row.trace + row.parent) as Row;
      return row.start < parent.start - resolution || row.end > parent.end + resolution;
    });
    expect(outside).toEqual([]);
    expect(rows.every((row) => row.end >= row.start)).toBe(true);
  });

  it("has errors that travel up, exception events and links to spans sent before", () => {
    const errors = columns.status
      .subarray(0, columns.length)
      .filter((status) => status === 2).length;
    expect(errors / columns.length).toBeGreaterThan(0.001);
    expect(errors / columns.length).toBeLessThan(0.03);
    const exceptions = Array.from({ length: columns.eventCount }, (_, i) =>
      columns.strings.text(columns.eventName[i] as number),
    );
    expect(exceptions).toContain("exception");
    const producers = new Set(
      rows.filter((row) => row.kind === 4).map((row) => row.trace + row.span),
    );
    expect(columns.linkCount).toBeGreaterThan(10);
    for (let i = 0; i < columns.linkCount; i++) {
      const id = toHex(columns.linkTraceIds, i * 16, 16) + toHex(columns.linkSpanIds, i * 8, 8);
      expect(producers.has(id)).toBe(true);
    }
  });

  it("shows the clocks of different SDKs: nanoseconds, microseconds and milliseconds", () => {
    const steps = new Map<string, bigint>([
      ["web-bff", 1_000_000n],
      ["catalogue", 1000n],
    ]);
    // A pod's clock error moves all its times alike, so the step shows in differences between pods' own starts.
    for (const [service, step] of steps) {
      const starts = rows.filter((row) => row.service === service).map((row) => row.start);
      expect(starts.every((start) => start % step === 0n)).toBe(true);
    }
    const go = rows.filter((row) => row.service === "stock").map((row) => row.start % 1000n);
    expect(new Set(go).size).toBeGreaterThan(500);
  });

  it("varies what varies in reality from use to use", () => {
    const values = new Map<string, Set<string>>();
    const { attributes, strings } = columns;
    for (let row = 0; row < attributes.length; row++) {
      if (attributes.types[row] !== 1) continue;
      const key = strings.text(attributes.keys[row] as number);
      const value = strings.text(attributes.slots[row * 2] as number);
      values.set(key, (values.get(key) ?? new Set()).add(value));
    }
    expect(values.get("app.user.id")?.size).toBeGreaterThan(1000);
    expect(values.get("url.path")?.size).toBeGreaterThan(1000);
    expect(values.get("db.query.text")?.size).toBeGreaterThan(3000);
    expect(values.get("http.route")?.size).toBeLessThan(40);
    const durations = new Set(rows.map((row) => row.end - row.start));
    expect(durations.size / rows.length).toBeGreaterThan(0.3);
  });
});

describe("generation", () => {
  it("gives the same bytes for the same seed and others for another", () => {
    const first = bytesOf(generate({ seed: 5, spans: 5000 }));
    expect(bytesOf(generate({ seed: 5, spans: 5000 })).equals(first)).toBe(true);
    expect(bytesOf(generate({ seed: 6, spans: 5000 })).equals(first)).toBe(false);
  });

  it("makes a block without those before it", () => {
    const plan = makePlan({ seed: 5, batch: 5 });
    const generator = new BlockGenerator(plan);
    generator.begin(0, BASE);
    while (generator.next() !== undefined) continue;
    generator.begin(1, BASE);
    const after = generator.next();
    const alone = generate({ seed: 5, batch: 5 }, 1)[0];
    expect(after?.sequence).toBe(65_536);
    expect(alone?.payload).toEqual(after?.payload);
  });

  it("ends a run of N spans after exactly N, in the middle of a block or beyond it", () => {
    const size = blockSpans(makePlan({ batch: 5 }));
    const plan = { seed: 1, batch: 5, spans: size + 1234 };
    const spans = (block: number): number =>
      generate(plan, block).reduce((sum, batch) => sum + batch.spans, 0);
    expect([spans(0), spans(1), spans(2)]).toEqual([size, 1234, 0]);
  });

  it("keeps to the batch size, and to the waiting time where that comes first", () => {
    const full = generate({ seed: 2, spans: 20_000, batch: 100 });
    expect(Math.max(...full.map((batch) => batch.spans))).toBe(100);
    const slow = generate({
      seed: 2,
      spans: 20_000,
      batch: 100,
      simulatedRate: 1000,
      flushAfterNano: 1e9,
    });
    // 20 simulated seconds: every pod that works sends about once a second.
    expect(slow.length).toBeGreaterThan(500);
    expect(Math.max(...slow.map((batch) => batch.spans))).toBeLessThanOrEqual(100);
  });

  it("makes traces of 10,000 spans when asked to", () => {
    const batches = generate({ seed: 3, spans: 20_000, giants: 1 });
    const traces = new Set(batches.flatMap((batch) => expectedTraceIds(batch)));
    expect(traces.size).toBe(2);
  });

  it("gives sampled traces a threshold that their trace ids pass", () => {
    const columns = new SpanBatch();
    columns.beginRequest("default", 0);
    for (const batch of generate({ seed: 4, spans: 5000, sampled: 1 }))
      decodeTraces(batch.payload, columns);
    for (let row = 0; row < columns.length; row++) {
      const state = columns.strings.text(columns.traceState[row] as number);
      const threshold = BigInt(`0x${state.replace("ot=th:", "").padEnd(14, "0")}`);
      const randomness = BigInt(`0x${toHex(columns.traceIds, row * 16 + 9, 7)}`);
      expect(randomness >= threshold).toBe(true);
    }
  });

  it("can list the spans of any batch again by its number", () => {
    const plan = { seed: 8, spans: 3000, batch: 64 };
    const batch = generate(plan)[7] as Batch;
    const spans = expectedSpans(plan, batch.sequence);
    expect(spans.length).toBe(batch.spans);
    expect(spans[0]?.traceId).toBe(batch.firstTraceId);
    expect(expectedBatch(plan, batch.sequence, BASE).payload).toEqual(batch.payload);
    expect(() => expectedSpans(plan, 65_535)).toThrow("no batch 65535");
  });
});

function expectedTraceIds(batch: Batch): string[] {
  const columns = new SpanBatch();
  columns.beginRequest("default", 0);
  decodeTraces(batch.payload, columns);
  return Array.from({ length: columns.length }, (_, row) => toHex(columns.traceIds, row * 16, 16));
}
