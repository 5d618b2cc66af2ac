// Rollups by group, with a store that only counts: crashes in the middle are in ingest-engine.test.ts.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type IngestDependencies, IngestPipeline } from "./ingest-pipeline.ts";
import { crashImage, FakeStore, spansRequest, until } from "./testing/ingest-fixtures.ts";

const NEVER = 600_000;

let root: string;
let folders = 0;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "clew-groups-"));
});

afterAll(() => rmSync(root, { recursive: true }));

interface Opened {
  readonly pipeline: IngestPipeline;
  readonly store: FakeStore;
  readonly spool: string;
  readonly troubles: string[];
}

async function open(
  options: IngestDependencies["options"],
  spool = join(root, String(++folders)),
): Promise<Opened> {
  const store = new FakeStore();
  const troubles: string[] = [];
  const pipeline = await IngestPipeline.open({
    spoolDirectory: spool,
    store,
    retention: () => 30,
    onTrouble: (message) => troubles.push(message),
    options: { sealAfterMs: NEVER, idleEveryMs: NEVER, retryEveryMs: 5, ...options },
  });
  return { pipeline, store, spool, troubles };
}

function logs(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(".wal"));
}

function rollupsOf(store: FakeStore): readonly (readonly string[])[] {
  return store.received.filter(({ id }) => id.endsWith(".rollups")).map(({ tables }) => tables);
}

test("segments of a group share the inserts of their rollups, and their logs stay until then", async () => {
  const { pipeline, store, spool } = await open({ sealAfterRows: 3, groupForMs: NEVER });
  for (let i = 0; i < 4; i++) await pipeline.export(spansRequest({ spans: 3 }));
  await until(() => pipeline.stats.insertedSegments === 4);
  expect(store.spans).toBe(12);
  expect(rollupsOf(store)).toEqual([]);
  expect(logs(spool)).toHaveLength(4);
  await pipeline.stop();
  expect(rollupsOf(store)).toHaveLength(1);
  expect(rollupsOf(store)[0]).toEqual(expect.arrayContaining(["red_1m", "red_1h", "service_red"]));
  expect(readdirSync(spool)).toEqual(["damaged", "requests"]);
});

test("rollups of a segment that comes after a lull wait for no other segment, those of the next ones do", async () => {
  const { pipeline, store } = await open({ sealAfterRows: 3, groupForMs: NEVER });
  const now = performance.now.bind(performance);
  const clock = vi.spyOn(performance, "now").mockImplementation(() => now() + NEVER + 1);
  await pipeline.export(spansRequest({ spans: 3 }));
  await until(() => rollupsOf(store).length === 1 && pipeline.spoolBytes === 0);
  for (let i = 0; i < 2; i++) await pipeline.export(spansRequest({ spans: 3 }));
  await until(() => pipeline.stats.insertedSegments === 3);
  expect(rollupsOf(store)).toHaveLength(1);
  await pipeline.stop();
  expect(rollupsOf(store).filter((tables) => tables.includes("red_1m"))).toHaveLength(2);
  clock.mockRestore();
});

test("the rollups of a group follow without a further request", async () => {
  const { pipeline, store } = await open({ sealAfterMs: 5, groupForMs: 20 });
  await pipeline.export(spansRequest({ spans: 3 }));
  await until(() => rollupsOf(store).length === 1);
  await until(() => pipeline.spoolBytes === 0);
  await pipeline.stop();
});

test("rollups that the store refuses are set aside with the logs of their group, and the next ones go on", async () => {
  const { pipeline, store, spool, troubles } = await open({ sealAfterRows: 3, groupForMs: NEVER });
  store.refuse = ({ id }) => (id.endsWith(".rollups") ? "column spam is unknown" : undefined);
  for (let i = 0; i < 2; i++) await pipeline.export(spansRequest({ spans: 3 }));
  await pipeline.stop();
  expect(store.spans).toBe(6);
  expect(logs(join(spool, "damaged"))).toHaveLength(2);
  expect(pipeline.spoolBytes).toBe(0);
  expect(troubles.join()).toContain("column spam is unknown");
});

test("rollups that could not be written are written once it is possible", async () => {
  const { pipeline, store, spool, troubles } = await open({ sealAfterRows: 3, groupForMs: 1000 });
  await pipeline.export(spansRequest({ spans: 3 }));
  const blocked = join(spool, (logs(spool)[0] as string).replace(".wal", ".rollups"));
  writeFileSync(blocked, "");
  await until(() => troubles.length > 2);
  expect(rollupsOf(store)).toEqual([]);
  expect(logs(spool)).toHaveLength(1);
  rmSync(blocked);
  await until(() => pipeline.spoolBytes === 0);
  expect(rollupsOf(store)).toHaveLength(1);
  await pipeline.stop();
});

test("after a crash the requests of many small segments are remembered, of large ones the newest", async () => {
  const first = await open({ sealAfterRows: 3, groupForMs: NEVER });
  const requests = Array.from({ length: 20 }, () => spansRequest({ spans: 3 }));
  for (const request of requests) await first.pipeline.export(request);
  await until(() => first.pipeline.stats.insertedSegments === 20);
  const image = crashImage(first.spool, `${first.spool}-small`);
  const again = crashImage(first.spool, `${first.spool}-large`);
  await first.pipeline.stop();
  const small = await open({}, image);
  for (const request of requests) await small.pipeline.export(request);
  expect(small.pipeline.stats.repeatedRequests).toBe(20);
  await small.pipeline.stop();
  const large = await open({ rememberBytes: 0 }, again);
  for (const request of requests.slice(-6)) await large.pipeline.export(request);
  expect(large.pipeline.stats.repeatedRequests).toBe(6);
  await large.pipeline.stop();
});
