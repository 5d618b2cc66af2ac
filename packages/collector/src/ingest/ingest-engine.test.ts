// The write path into the real engine, with crashes in the middle of a segment's inserts.

import { mkdtempSync, rmSync } from "node:fs";
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
import { crashImage, spansRequest } from "./testing/ingest-fixtures.ts";

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
): Promise<IngestPipeline> {
  return IngestPipeline.open({
    spoolDirectory,
    store,
    retention: () => 3650,
    onTrouble: (message, error) => {
      throw new Error(message, { cause: error });
    },
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
  expect(tables).toEqual(
    expect.arrayContaining(["resources", "scopes", "spans", "trace_index", "red_1m", "red_1h"]),
  );
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
