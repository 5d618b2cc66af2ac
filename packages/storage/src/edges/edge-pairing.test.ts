// Edges as the engine gets them: spans go through the pairing batch by batch, the blocks into the table.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ByteDictionary, SpanKind } from "@clew/model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type SampleSpan, spanBatch, spanIdOf, traceIdOf } from "../contract/sample-spans.ts";
import { openChdbEngine } from "../engines/chdb.ts";
import type { Engine } from "../engines/engine.ts";
import { migrate } from "../schema/migrations.ts";
import { splitAttributes } from "../write/attribute-split.ts";
import { contentIds } from "../write/content-ids.ts";
import { histogramBucket } from "../write/histograms.ts";
import { SegmentMemory } from "../write/segment-memory.ts";
import { spanFacts } from "../write/span-facts.ts";
import { EdgePairing, type EdgePairingOptions } from "./edge-pairing.ts";
import { EdgeSums } from "./edge-sums.ts";

const { Client, Server, Producer, Consumer, Internal } = SpanKind;
const SECOND = 1_000_000_000n;
const BASE = 1_773_144_000n * SECOND;
const ARRIVED = 1_773_144_000;
const WAIT_MS = 10_000;

let folder: string;
let engine: Engine;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "clew-edges-"));
  engine = await openChdbEngine({ path: join(folder, "data") });
  await migrate(engine);
});

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

/** One collector with a clock of its own. */
class Collector {
  readonly pairing: EdgePairing;
  readonly #blocks: Uint8Array[] = [];
  nowMs = 1_000_000;

  constructor(options: EdgePairingOptions = {}) {
    this.pairing = new EdgePairing({ waitMs: WAIT_MS, ...options });
  }

  /** One batch. */
  take(...spans: SampleSpan[]): this {
    const batch = spanBatch(spans, ARRIVED);
    const { serviceNames } = contentIds(batch.resources, batch.scopes, batch.strings);
    const facts = spanFacts(batch, serviceNames, () => 3650);
    const split = splitAttributes(
      batch.attributes,
      batch.attributeOffsets,
      batch.length,
      batch.strings,
      true,
    );
    return this.#keep((sums) => this.pairing.collect(batch, facts, split, this.nowMs, sums));
  }

  /** Time goes by without spans. */
  wait(ms: number): this {
    this.nowMs += ms;
    return this.#keep((sums) => this.pairing.expire(this.nowMs, false, sums));
  }

  /** All edges so far by tenant: source, target, types, minute (from BASE), weight, errors, histogram. */
  async edges(tenant = "default"): Promise<unknown[][]> {
    await engine.command("TRUNCATE TABLE edges_1m");
    for (const block of this.#blocks) {
      const path = join(folder, `${crypto.randomUUID()}.native`);
      writeFileSync(path, block);
      await engine.insertNative("edges_1m", path, crypto.randomUUID());
    }
    return engine.readRows(
      `SELECT source, target, source_type, target_type,
       toInt32(dateDiff('minute', toDateTime(${ARRIVED}, 'UTC'), toDateTime(minute, 'UTC'))) AS m,
       sum(weight), sum(errors), sumMap(hist)
       FROM edges_1m WHERE tenant = {tenant:String} GROUP BY ALL ORDER BY ALL`,
      { parameters: { tenant } },
    );
  }

  #keep(collect: (sums: EdgeSums) => void): this {
    const sums = new EdgeSums(new ByteDictionary());
    collect(sums);
    const block = sums.write(new SegmentMemory());
    if (block !== undefined) this.#blocks.push(block.slice());
    return this;
  }
}

function client(number: number, more: Partial<SampleSpan> = {}): SampleSpan {
  return {
    trace: traceIdOf(1),
    span: spanIdOf(number),
    parent: spanIdOf(0),
    service: "shop",
    kind: Client,
    start: BASE,
    duration: 1000n,
    ...more,
  };
}

/** The server span that client span `number` caused. */
function server(number: number, more: Partial<SampleSpan> = {}): SampleSpan {
  return {
    trace: traceIdOf(1),
    span: spanIdOf(number + 1_000_000),
    parent: spanIdOf(number),
    service: "till",
    kind: Server,
    start: BASE + 100n,
    duration: 10n,
    ...more,
  };
}

const HIST = { [histogramBucket(1000)]: 1 };
const SHOP_TILL = ["shop", "till", "service", "service", 0, 1, 0, HIST];

test("a client and its server span are one edge, timed by the caller, in one batch in either order", async () => {
  expect(await new Collector().take(client(1), server(1)).edges()).toEqual([SHOP_TILL]);
  expect(await new Collector().take(server(1), client(1)).edges()).toEqual([SHOP_TILL]);
});

test("halves that arrive in different batches are one edge, whichever comes first", async () => {
  const first = new Collector().take(client(1)).take(client(2, { status: 2 }));
  expect(first.pairing.waiting).toBe(2);
  expect(await first.take(server(2)).take(server(1)).edges()).toEqual([
    ["shop", "till", "service", "service", 0, 2, 1, { [histogramBucket(1000)]: 2 }],
  ]);
  expect(await new Collector().take(server(1)).take(client(1)).edges()).toEqual([SHOP_TILL]);
});

test("an edge lies in the minute of the call, though the callee began in the next", async () => {
  const late = { start: BASE + 60n * SECOND };
  const expected = [["shop", "till", "service", "service", 0, 1, 0, HIST]];
  const early = { start: BASE + 59n * SECOND };
  expect(await new Collector().take(client(1, early)).take(server(1, late)).edges()).toEqual(
    expected,
  );
  expect(await new Collector().take(server(1, late)).take(client(1, early)).edges()).toEqual(
    expected,
  );
});

test("a half that came too late finds nobody: a server alone is no edge", async () => {
  const collector = new Collector()
    .take(server(1))
    .wait(WAIT_MS + 1)
    .take(client(1));
  expect(await collector.edges()).toEqual([]);
  expect(await collector.wait(WAIT_MS + 1).edges()).toEqual([]);
  expect(collector.pairing.waiting).toBe(0);
});

test("a call that no server answers for goes to an external peer once its time is up, not before", async () => {
  const collector = new Collector().take(
    client(1, { attributes: { "server.address": "pay.example" } }),
    client(2, { attributes: { "peer.service": "bank", "server.address": "pay.example" } }),
    client(3, { attributes: { "net.peer.name": "old.example" }, weight: 4, status: 2 }),
    client(4),
  );
  expect(await collector.wait(WAIT_MS).edges()).toEqual([]);
  expect(await collector.wait(1).edges()).toEqual([
    ["shop", "bank", "service", "external", 0, 1, 0, HIST],
    ["shop", "old.example", "service", "external", 0, 4, 4, { [histogramBucket(1000)]: 4 }],
    ["shop", "pay.example", "service", "external", 0, 1, 0, HIST],
  ]);
});

test("a database call is an edge at once, by current and by older attribute names", async () => {
  const collector = new Collector().take(
    client(1, { attributes: { "db.system.name": "postgresql", "db.namespace": "orders" } }),
    client(2, { attributes: { "db.system": "postgresql", "db.name": "orders" } }),
    client(3, { attributes: { "db.system.name": "redis", "server.address": "cache-1" } }),
    client(4, { attributes: { "db.system": "mysql", "net.peer.name": "db-1" } }),
    client(5, { attributes: { "db.system": "sqlite" } }),
    client(6, { attributes: { "db.system.name": "postgresql" }, kind: Internal }),
  );
  expect((await collector.edges()).map((row) => [row[1], row[3], row[5]])).toEqual([
    ["mysql/db-1", "database", 1],
    ["postgresql/orders", "database", 2],
    ["redis/cache-1", "database", 1],
    ["sqlite", "database", 1],
  ]);
  expect(collector.pairing.waiting).toBe(0);
});

test("a queue is a node between its producers and consumers, by current and older names", async () => {
  const queue = { "messaging.destination.name": "orders" };
  const old = { "messaging.destination": "orders" };
  const collector = new Collector().take(
    client(1, { kind: Producer, attributes: queue }),
    client(2, { kind: Producer, attributes: old }),
    server(1, { kind: Consumer, attributes: queue, duration: 1000n }),
    server(2, { kind: Consumer, attributes: old, duration: 1000n }),
  );
  const twice = { [histogramBucket(1000)]: 2 };
  expect(await collector.edges()).toEqual([
    ["orders", "till", "messaging", "service", 0, 2, 0, twice],
    ["shop", "orders", "service", "messaging", 0, 2, 0, twice],
  ]);
});

test("a producer and a consumer that name no queue are paired like a call", async () => {
  const collector = new Collector().take(
    client(1, { kind: Producer }),
    server(1, { kind: Consumer }),
  );
  expect(await collector.edges()).toEqual([SHOP_TILL]);
});

test("roots and internal spans make no edges", async () => {
  const root = { trace: traceIdOf(1), span: spanIdOf(9), service: "shop", start: BASE };
  const collector = new Collector().take({ ...root, kind: Server }, client(1, { kind: Internal }));
  expect(collector.pairing.waiting).toBe(0);
  expect(await collector.wait(WAIT_MS * 2).edges()).toEqual([]);
});

test("tenants that use equal ids get their own edges", async () => {
  const collector = new Collector()
    .take(client(1, { tenant: "a" }), client(1, { tenant: "b", service: "desk" }))
    .take(server(1, { tenant: "b", service: "vault" }))
    .take(server(1, { tenant: "a" }));
  expect(await collector.edges("a")).toEqual([SHOP_TILL]);
  expect(await collector.edges("b")).toEqual([
    ["desk", "vault", "service", "service", 0, 1, 0, HIST],
  ]);
  const alone = new Collector().take(client(1, { tenant: "a" }), server(1, { tenant: "b" }));
  expect([await alone.edges("a"), await alone.edges("b")]).toEqual([[], []]);
});

test("equal span ids of two traces are two calls", async () => {
  const other = { trace: traceIdOf(2) };
  const collector = new Collector()
    .take(client(1), client(1, { ...other, service: "desk" }))
    .take(server(1, { ...other, service: "vault" }), server(1));
  expect((await collector.edges()).map((row) => row.slice(0, 2))).toEqual([
    ["desk", "vault"],
    ["shop", "till"],
  ]);
});

test("a span sent twice waits once", async () => {
  const external = client(1, { attributes: { "server.address": "pay.example" } });
  const collector = new Collector().take(external, external).take(external);
  expect(collector.pairing.waiting).toBe(1);
  expect((await collector.wait(WAIT_MS + 1).edges()).map((row) => row[5])).toEqual([1]);
});

test("when too many wait the oldest leave as expired, and the rest still find their halves", async () => {
  const address = (i: number): Partial<SampleSpan> => ({
    attributes: { "server.address": `h${i}` },
  });
  const collector = new Collector({ capacity: 8 });
  for (let i = 0; i < 12; i++) collector.take(client(i, address(i)));
  expect(collector.pairing.waiting).toBe(8);
  for (let i = 0; i < 12; i++) collector.take(server(i));
  const edges = await collector.edges();
  const external = edges.filter((row) => row[3] === "external").map((row) => row[1]);
  // Servers 0..3 came after their clients had left; as they wait they push the oldest clients out too.
  expect(external).toEqual(expect.arrayContaining(["h0", "h1", "h2", "h3"]));
  const paired = edges
    .filter((row) => row[3] === "service")
    .reduce((sum, row) => sum + (row[5] as number), 0);
  expect(external.length + paired).toBe(12);
});

test("thousands of pairings through a small ring lose none: freed places are found again", async () => {
  const collector = new Collector({ capacity: 64 });
  let number = 0;
  for (let round = 0; round < 80; round++) {
    const numbers = Array.from({ length: 20 }, () => ++number);
    const isClientFirst = round % 2 === 0;
    const half = (i: number, isClient: boolean): SampleSpan =>
      (isClient ? client : server)(i, { trace: traceIdOf(i) });
    collector.take(...numbers.map((i) => half(i, isClientFirst)));
    collector.take(
      ...(round % 4 < 2 ? numbers : numbers.toReversed()).map((i) => half(i, !isClientFirst)),
    );
  }
  const edges = await collector.edges();
  expect(edges.map((row) => row.slice(0, 6))).toEqual([
    ["shop", "till", "service", "service", 0, 1600],
  ]);
}, 60_000);

test("peers without number are summed as one, and services keep their edges", async () => {
  const spans = Array.from({ length: 21_000 }, (_, i) =>
    client(i, { attributes: { "db.system": "postgresql", "db.name": `shard-${i}` } }),
  );
  const collector = new Collector().take(...spans, client(50_000), server(50_000));
  const edges = await collector.edges();
  expect(edges.length).toBe(20_002);
  expect(edges.find((row) => row[1] === "(other)")?.slice(3, 6)).toEqual(["database", 0, 1000]);
  expect(edges.find((row) => row[3] === "service")).toEqual(SHOP_TILL);
});
