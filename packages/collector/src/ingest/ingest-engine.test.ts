// The write path into the real engine, with crashes in the middle of a segment's inserts.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Engine,
  migrate,
  openChdbEngine,
  type SealedSegment,
  SegmentInserter,
} from "@clew/storage";
import { afterAll, beforeAll, expect, test } from "vitest";
import { IngestPipeline, type SegmentStore } from "./ingest-pipeline.ts";
import { crashImage, spansRequest, until } from "./testing/ingest-fixtures.ts";

const NEVER = 600_000;

let root: string;
let engine: Engine;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "clew-ingest-engine-"));
  engine = await openChdbEngine({ path: join(root, "data") });
  await migrate(engine);
});

afterAll(async () => {
  await engine.close();
  rmSync(root, { recursive: true });
});

function openPipeline(
  spoolDirectory: string,
  store: SegmentStore,
  stopWithinMs = 10_000,
  onTrouble = (message: string, error?: unknown): void => {
    throw new Error(message, { cause: error });
  },
): Promise<IngestPipeline> {
  return IngestPipeline.open({
    spoolDirectory,
    store,
    retention: () => 3650,
    onTrouble,
    options: { sealAfterMs: NEVER, idleEveryMs: NEVER, sealAfterRows: 30, stopWithinMs },
  });
}

/** Inserts the first `files` files of a segment, and then the process is gone. */
class CrashingStore implements SegmentStore {
  readonly inserted = Promise.withResolvers<readonly string[]>();
  readonly #files: number;

  constructor(files: number) {
    this.#files = files;
  }

  async insert(segment: SealedSegment): ReturnType<SegmentStore["insert"]> {
    const files = segment.files.slice(0, this.#files);
    for (const file of files) await engine.insertNative(file.table, file.path, file.token);
    this.inserted.resolve(segment.files.map((file) => file.table));
    return new Promise(() => undefined);
  }
}

async function count(sql: string, tenant: string): Promise<number> {
  const rows = await engine.readRows(sql, { parameters: { tenant } });
  return Number(rows[0]?.[0]);
}

test("a crash after any number of a segment's tables leaves each span counted once everywhere", async () => {
  let tables: readonly string[] = [];
  for (let files = 0; files === 0 || files <= tables.length; files++) {
    const tenant = `crash-${files}`;
    const spool = join(root, `spool-${files}`);
    const crashing = new CrashingStore(files);
    const first = await openPipeline(spool, crashing, 10);
    const request = spansRequest({ tenant, spans: 30 });
    await first.export(request);
    tables = await crashing.inserted.promise;
    const image = crashImage(spool, join(root, `image-${files}`));

    const inserter = new SegmentInserter({
      engine,
      onTrouble: (_, error) => expect(error).toBeUndefined(),
    });
    const second = await openPipeline(image, { insert: (segment) => inserter.insert(segment) });
    await second.export(request); // the sender never saw the answer
    while (second.stats.insertedSegments === 0)
      await new Promise((resolve) => setTimeout(resolve, 5));
    await second.stop();
    await first.stop();

    const where = "WHERE tenant = {tenant:String}";
    expect(
      await count(`SELECT count() FROM spans ${where}`, tenant),
      `spans after ${files} tables`,
    ).toBe(30);
    expect(await count(`SELECT sum(spans) FROM red_1m ${where}`, tenant)).toBe(30);
    expect(await count(`SELECT sum(spans) FROM red_1h ${where}`, tenant)).toBe(30);
    expect(await count(`SELECT sum(spans) FROM trace_index ${where}`, tenant)).toBe(30);
    expect(await count(`SELECT sum(errors) FROM trace_index ${where}`, tenant)).toBe(10);
    expect(await count(`SELECT count() FROM resources FINAL ${where}`, tenant)).toBe(1);
  }
  expect(tables).toEqual(expect.arrayContaining(["resources", "scopes", "spans", "trace_index"]));
}, 60_000);

test("spans that stop coming take their edges and attribute names with them into the store at a stop", async () => {
  const tenant = "stopping";
  const inserter = new SegmentInserter({
    engine,
    onTrouble: (_, error) => expect(error).toBeUndefined(),
  });
  const pipeline = await openPipeline(join(root, "spool-stop"), {
    insert: (segment) => inserter.insert(segment),
  });
  const span = {
    traceId: "5".repeat(32),
    spanId: "6".repeat(16),
    name: "call",
    kind: 3,
    startTimeUnixNano: "1773144000000000000",
    endTimeUnixNano: "1773144000001000000",
    attributes: [{ key: "server.address", value: { stringValue: "pay.example" } }],
  };
  const body = { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
  await pipeline.export({
    signal: "traces",
    encoding: "json",
    tenant,
    body: Buffer.from(JSON.stringify(body)),
  });
  await pipeline.stop();
  const where = "WHERE tenant = {tenant:String}";
  const edges = await engine.readRows(
    `SELECT source, target, target_type, weight FROM edges_1m ${where}`,
    {
      parameters: { tenant },
    },
  );
  expect(edges).toEqual([["unknown_service", "pay.example", "external", 1]]);
  expect(
    await count(`SELECT count() FROM attribute_keys ${where} AND key = 'server.address'`, tenant),
  ).toBe(1);
});

/** Inserts the first `files` files it is given, of however many segments, and then the process is gone. */
class DyingStore implements SegmentStore {
  readonly died = Promise.withResolvers<"died">();
  readonly #buried = Promise.withResolvers<never>();
  #left: number;

  constructor(files: number) {
    this.#left = files;
  }

  async insert(segment: SealedSegment): ReturnType<SegmentStore["insert"]> {
    for (const file of segment.files) {
      if (this.#left-- <= 0) {
        this.died.resolve("died");
        return this.#buried.promise;
      }
      await engine.insertNative(file.table, file.path, file.token);
    }
    return { ok: true };
  }

  /** Lets the pipeline end: what it waits for will not come. */
  bury(): void {
    this.#buried.reject(new Error("the store is gone"));
  }
}

/** Spans in each place that counts them, for a tenant. */
function countsOf(tenant: string): Promise<number[]> {
  const where = "WHERE tenant = {tenant:String}";
  return Promise.all([
    count(`SELECT count() FROM spans ${where}`, tenant),
    count(`SELECT sum(spans) FROM trace_index ${where}`, tenant),
    count(`SELECT sum(spans) FROM red_1m ${where}`, tenant),
    count(`SELECT sum(spans) FROM red_1h ${where}`, tenant),
    count(`SELECT sum(spans) FROM service_red ${where} AND step = 'minute'`, tenant),
  ]);
}

/** A new process on what a crash left: takes it all in, some new spans too, and ends well. */
async function recover(image: string, tenant: string, spans: number): Promise<void> {
  const inserter = new SegmentInserter({
    engine,
    onTrouble: (_, error) => expect(error).toBeUndefined(),
  });
  const logs = readdirSync(image).filter((name) => name.endsWith(".wal")).length;
  const next = await openPipeline(image, { insert: (segment) => inserter.insert(segment) });
  if (spans > 0) await next.export(spansRequest({ tenant, spans }));
  await until(() => next.stats.replayedSegments === logs);
  await next.stop();
  expect(next.spoolBytes).toBe(0);
}

test("a crash after any insert of a group of segments leaves each span counted once everywhere", async () => {
  for (let files = 0; ; files++) {
    const tenant = `group-${files}`;
    const dying = new DyingStore(files);
    const spool = join(root, tenant);
    const first = await openPipeline(spool, dying, 10_000, () => undefined);
    // Two segments of 30 and one that is open when the group ends.
    for (const spans of [30, 30, 5]) await first.export(spansRequest({ tenant, spans }));
    const stopped = first.stop().then(() => "stopped" as const);
    if ((await Promise.race([dying.died.promise, stopped])) === "stopped") {
      expect(files).toBeGreaterThan(10);
      return expect(await countsOf(tenant)).toEqual([65, 65, 65, 65, 65]);
    }
    const image = crashImage(spool, `${spool}-image`);
    dying.bury();
    await stopped;
    await recover(image, tenant, 7);
    expect(await countsOf(tenant), `after ${files} files`).toEqual([72, 72, 72, 72, 72]);
  }
}, 120_000);

test("a crash while the logs of a group are removed counts nothing twice", async () => {
  const inserted = join(root, "removing");
  for (let removed = 0; removed <= 3; removed++) {
    const tenant = `removing-${removed}`;
    const spool = `${inserted}-${removed}`;
    const inserter = new SegmentInserter({
      engine,
      onTrouble: (_, error) => expect(error).toBeUndefined(),
    });
    let image: string | undefined;
    const first = await openPipeline(spool, {
      insert: async (segment) => {
        const outcome = await inserter.insert(segment);
        // The rollups are in the engine, and no log is gone yet.
        if (segment.id.endsWith(".rollups")) image ??= crashImage(spool, `${spool}-image`);
        return outcome;
      },
    });
    for (const spans of [30, 30, 30]) await first.export(spansRequest({ tenant, spans }));
    await first.stop();
    if (image === undefined) throw new Error("no rollups were inserted");
    const logs = readdirSync(image).filter((name) => name.endsWith(".wal"));
    expect(logs).toHaveLength(3);
    for (const log of logs.slice(0, removed)) rmSync(join(image, log));
    await recover(image, tenant, 0);
    expect(await countsOf(tenant), `${removed} logs gone`).toEqual([90, 90, 90, 90, 90]);
  }
}, 60_000);
