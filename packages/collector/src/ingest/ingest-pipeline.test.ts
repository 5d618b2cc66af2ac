import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClewError } from "@clew/base";
import { Spool } from "@clew/storage";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type IngestDependencies, IngestPipeline } from "./ingest-pipeline.ts";
import {
  crashImage,
  FakeStore,
  jsonRequest,
  spansRequest,
  until,
} from "./testing/ingest-fixtures.ts";

/** For tests that say themselves when a segment ends. */
const NEVER = 600_000;

let root: string;
let folders = 0;
let smallDisk: string | undefined;
const opened: { pipeline: IngestPipeline; store: FakeStore }[] = [];

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "clew-ingest-"));
  smallDisk = mountSmallDisk(join(root, "small"));
});

afterEach(async () => {
  for (const { pipeline, store } of opened.splice(0)) {
    store.release();
    await pipeline.stop();
  }
});

afterAll(() => {
  if (smallDisk !== undefined) execFileSync("umount", ["-l", smallDisk]);
  rmSync(root, { recursive: true });
});

/** A file system of 1 MiB, or undefined where this process may not mount one. */
function mountSmallDisk(path: string): string | undefined {
  mkdirSync(path);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path], { stdio: "ignore" });
    return path;
  } catch {
    return undefined;
  }
}

function folder(): string {
  return join(root, String(++folders));
}

interface Opened {
  readonly pipeline: IngestPipeline;
  readonly store: FakeStore;
  readonly spool: string;
  readonly troubles: string[];
}

async function open(
  options: IngestDependencies["options"] = {},
  spool = folder(),
  store = new FakeStore(),
): Promise<Opened> {
  const troubles: string[] = [];
  const pipeline = await IngestPipeline.open({
    spoolDirectory: spool,
    store,
    retention: () => 30,
    onTrouble: (message, error) =>
      troubles.push(error === undefined ? message : `${message}: ${(error as Error).message}`),
    options: { sealAfterMs: NEVER, idleEveryMs: NEVER, retryEveryMs: 5, ...options },
  });
  const one = { pipeline, store, spool, troubles };
  opened.push(one);
  return one;
}

/** Bodies of the requests that the logs in a spool hold. */
async function loggedBodies(spool: string): Promise<string[]> {
  const reader = await Spool.open(spool);
  const bodies: string[] = [];
  for (const file of readdirSync(spool)
    .filter((name) => name.endsWith(".wal"))
    .sort()) {
    const { records } = await reader.read(file.slice(0, -4));
    bodies.push(...records.map((record) => Buffer.from(record.request.body).toString()));
  }
  return bodies;
}

test("a request is in the log before it is acknowledged, in order, and stays there until it is inserted", async () => {
  const { pipeline, spool, store } = await open();
  const requests = [spansRequest(), spansRequest(), spansRequest({ spans: 3 })];
  const sent: string[] = [];
  for (const request of requests) {
    expect(await pipeline.export(request)).toEqual({ rejected: 0, message: undefined });
    sent.push(request.body.toString());
    expect(await loggedBodies(spool)).toEqual(sent);
  }
  store.hold();
  const stopped = pipeline.stop();
  expect(await loggedBodies(spool)).toEqual(sent);
  store.release();
  await stopped;
  expect(store.spans).toBe(5);
  expect(readdirSync(spool)).toEqual(["damaged", "requests"]);
});

test("requests that arrive together share a commit and are all durable when answered", async () => {
  const { pipeline, spool, store } = await open();
  const requests = Array.from({ length: 300 }, () => spansRequest());
  await Promise.all(
    requests.map(async (request) => {
      await pipeline.export(request);
      const files = readdirSync(spool).filter((name) => name.endsWith(".wal"));
      const logs = files.map((name) => readFileSync(join(spool, name)));
      expect(logs.some((log) => log.includes(Buffer.from(request.body)))).toBe(true);
    }),
  );
  await pipeline.stop();
  expect(store.spans).toBe(300);
});

test("a malformed request is refused and leaves no trace, and the next one works", async () => {
  const { pipeline, spool, store } = await open();
  const good = spansRequest({ spans: 2 });
  await pipeline.export(good);
  const whole = spansRequest({ spans: 50 }).body.toString();
  const bad = [
    whole.slice(0, -20),
    whole.replace('"endTimeUnixNano":', '"endTimeUnixNano":[],"x":'),
    "{",
    "",
  ];
  for (const body of bad.slice(0, 3)) {
    await expect(pipeline.export(jsonRequest(body))).rejects.toMatchObject({
      code: "malformed_payload",
    });
  }
  const next = spansRequest();
  await pipeline.export(next);
  expect(await loggedBodies(spool)).toEqual([good.body.toString(), next.body.toString()]);
  await pipeline.stop();
  expect(store.spans).toBe(3);
});

test("a request that keeps no record is answered and not logged", async () => {
  const { pipeline, spool } = await open();
  const noIds = { resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: "", spanId: "" }] }] }] };
  const outcome = await pipeline.export(jsonRequest(JSON.stringify(noIds)));
  expect(outcome.rejected).toBe(1);
  expect(await loggedBodies(spool)).toEqual([]);
});

test("an identical request is stored once, also when both are under way, and both are acknowledged", async () => {
  const { pipeline, store } = await open();
  const request = spansRequest({ spans: 4 });
  const together = [pipeline.export(request), pipeline.export({ ...request })];
  await Promise.all(together);
  await pipeline.export({ ...request, body: Buffer.from(request.body) });
  expect(pipeline.stats.repeatedRequests).toBe(2);
  await pipeline.export({ ...request, tenant: "other" });
  await pipeline.stop();
  expect(store.spans).toBe(8);
});

test("a request repeated after a crash is stored once", async () => {
  const first = await open();
  const request = spansRequest({ spans: 4 });
  await first.pipeline.export(request);
  const image = crashImage(first.spool, folder());
  const second = await open({}, image);
  await second.pipeline.export(request);
  await until(() => second.store.spans > 0);
  await second.pipeline.stop();
  expect(second.store.spans).toBe(4);
  expect(second.pipeline.stats.repeatedRequests).toBe(1);
});

test.each([
  ["small", 0],
  ["large", 50_000],
])(
  "a %s request whose answer a crash cut off is stored once, though it is repeated only after a second crash, when its log is gone",
  async (_, padding) => {
    const request = spansRequest({ spans: 4, padding });
    const first = await open();
    await first.pipeline.export(request);
    const second = await open({}, crashImage(first.spool, folder()));
    await until(() => second.pipeline.spoolBytes === 0);
    const image = crashImage(second.spool, folder());
    expect(await loggedBodies(image)).toEqual([]);
    const third = await open({}, image);
    await third.pipeline.export(request);
    await third.pipeline.stop();
    expect(third.pipeline.stats.repeatedRequests).toBe(1);
    expect(second.store.spans + third.store.spans).toBe(4);
  },
);

test("a request whose answer was lost is stored once, though it is repeated only after a good end and a new start", async () => {
  const request = spansRequest({ spans: 4, padding: 50_000 });
  const first = await open();
  await first.pipeline.export(request);
  await first.pipeline.stop();
  const second = await open({}, first.spool);
  await second.pipeline.export(request);
  await second.pipeline.stop();
  expect(first.store.spans + second.store.spans).toBe(4);
});

test("a spool that cannot note its requests takes them all the same, and says so once", async () => {
  const spool = folder();
  mkdirSync(spool);
  writeFileSync(join(spool, "requests"), "not a folder");
  const { pipeline, store, troubles } = await open({ sealAfterRows: 1 }, spool);
  for (let i = 0; i < 3; i++) {
    await pipeline.export(spansRequest());
    await until(() => store.spans === i + 1);
  }
  await pipeline.stop();
  expect(troubles.map((trouble) => trouble.split(":")[0])).toEqual([
    "repeats of requests will not be known after a restart",
    "accepted requests could not be noted",
  ]);
});

test("everything acknowledged before a crash is inserted by the next process", async () => {
  const first = await open({ sealAfterRows: 20 });
  first.store.hold();
  let acknowledged = 0;
  await Promise.all(
    Array.from({ length: 60 }, async (_, i) => {
      const request = spansRequest({ spans: 1 + (i % 3) });
      await first.pipeline.export(request).then(
        () => {
          acknowledged += 1 + (i % 3);
        },
        (error: ClewError) => expect(error.code).toBe("overloaded"),
      );
    }),
  );
  const image = crashImage(first.spool, folder());
  const second = await open({}, image);
  await until(() => second.store.spans >= acknowledged);
  await second.pipeline.stop();
  expect(acknowledged).toBeGreaterThan(20);
  expect(second.store.spans).toBe(acknowledged);
  expect(readdirSync(image)).toEqual(["damaged", "requests"]);
});

test("while the store takes nothing, segments wait in order and none is lost when it takes again", async () => {
  const { pipeline, store } = await open({ sealAfterRows: 2 });
  store.hold();
  for (let i = 0; i < 40; i++) await exportAfterRetries(pipeline, 2);
  expect(store.received).toEqual([]);
  store.release();
  await until(() => store.spans >= 80);
  await pipeline.stop();
  expect(store.spans).toBe(80);
  const ids = store.received.filter((segment) => segment.spans > 0).map((segment) => segment.id);
  expect(ids).toEqual([...ids].sort());
  expect(new Set(ids).size).toBe(40);
});

/** Sends a request as senders do: again after `overloaded`. */
async function exportAfterRetries(pipeline: IngestPipeline, spans: number): Promise<number> {
  const request = spansRequest({ spans });
  for (let refused = 0; ; refused++) {
    try {
      await pipeline.export(request);
      return refused;
    } catch (error) {
      expect(error).toMatchObject({ code: "overloaded", retryAfterMs: 2000 });
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

test("a segment that the store refuses is set aside with its reason, and the next ones go on", async () => {
  const { pipeline, store, spool, troubles } = await open({ sealAfterRows: 3 });
  let refused: string | undefined;
  store.refuse = (segment) => {
    refused ??= segment.id;
    return segment.id === refused ? "column spam is unknown" : undefined;
  };
  await pipeline.export(spansRequest({ spans: 3 }));
  await until(() => pipeline.stats.damagedSegments === 1);
  await pipeline.export(spansRequest({ spans: 3 }));
  await pipeline.stop();
  expect(store.spans).toBe(3);
  expect(readdirSync(join(spool, "damaged")).sort()).toEqual([
    `${refused}.reason.txt`,
    `${refused}.wal`,
  ]);
  expect(readFileSync(join(spool, "damaged", `${refused}.reason.txt`), "utf8")).toBe(
    "column spam is unknown\n",
  );
  expect(troubles.join()).toContain("column spam is unknown");
  // What the refused segment said of its resource is said again.
  expect(store.received.find((segment) => segment.spans > 0)?.tables).toContain("resources");
});

test("over its byte budget the spool refuses with a retry signal, and takes again when inserts catch up", async () => {
  const { pipeline, store } = await open({ spoolMaxBytes: 60_000, sealAfterRows: 10 });
  store.hold();
  let accepted = 0;
  for (;;) {
    const request = spansRequest({ spans: 10 });
    try {
      await pipeline.export(request);
      accepted += 10;
    } catch (error) {
      expect(error).toMatchObject({ code: "overloaded", retryAfterMs: 2000 });
      break;
    }
    await until(() => pipeline.freeBytes > 0 || pipeline.spoolBytes > 40_000);
  }
  expect(accepted).toBeGreaterThan(0);
  expect(pipeline.spoolBytes).toBeLessThan(120_000);
  store.release();
  await until(() => pipeline.freeBytes > 50_000);
  await pipeline.export(spansRequest({ spans: 10 }));
  await until(() => store.spans >= accepted + 10);
  await pipeline.stop();
  expect(store.spans).toBe(accepted + 10);
  expect(pipeline.spoolBytes).toBe(0);
});

test("small segments refuse nobody, however many of them wait to be encoded and inserted", async () => {
  const { pipeline, store } = await open({ sealAfterRows: 1 });
  store.hold();
  await Promise.all(Array.from({ length: 100 }, () => pipeline.export(spansRequest())));
  for (let i = 0; i < 20; i++) await pipeline.export(spansRequest());
  store.release();
  await pipeline.stop();
  expect(pipeline.stats.acceptedSpans).toBe(120);
  expect(pipeline.stats.refusedRequests).toBe(0);
});

test("bytes of a closed segment count against the budget at once", async () => {
  const { pipeline } = await open({ spoolMaxBytes: 100_000, sealAfterRows: 1 });
  const request = spansRequest({ padding: 60_000 });
  const exported = pipeline.export(request);
  expect(pipeline.spoolBytes).toBeGreaterThan(60_000);
  await expect(pipeline.export(spansRequest({ padding: 60_000 }))).rejects.toMatchObject({
    code: "overloaded",
  });
  await exported;
});

test("a store that is always slower than its senders holds them back and stalls never", async () => {
  const { pipeline, store } = await open({ spoolMaxBytes: 60_000, sealAfterRows: 5 });
  store.slow();
  const senders = Array.from({ length: 4 }, async () => {
    for (let i = 0; i < 20; i++) await exportAfterRetries(pipeline, 5);
  });
  await Promise.all(senders);
  await until(() => store.spans >= 4 * 20 * 5);
  await pipeline.stop();
  expect(store.spans).toBe(4 * 20 * 5);
});

test("a full disk refuses the request, keeps none of its rows, and later requests work", async ({
  skip,
}) => {
  if (smallDisk === undefined) return skip("this process may not mount a file system");
  const { pipeline, store } = await open({}, join(smallDisk, "wal-full"));
  await pipeline.export(spansRequest({ spans: 2 }));
  const tooLarge = spansRequest({ spans: 3, padding: 2_000_000 });
  await expect(pipeline.export(tooLarge)).rejects.toMatchObject({
    code: "unavailable",
    retryAfterMs: 5000,
  });
  await pipeline.export(spansRequest({ spans: 4 }));
  await pipeline.stop();
  expect(store.spans).toBe(6);
  expect(pipeline.stats.acceptedSpans).toBe(6);
});

test("requests that share a commit with one that does not fit are all refused, and can be sent again", async ({
  skip,
}) => {
  if (smallDisk === undefined) return skip("this process may not mount a file system");
  const { pipeline, store } = await open({}, join(smallDisk, "shared"));
  const small = spansRequest({ spans: 2 });
  const answers = await Promise.allSettled([
    pipeline.export(spansRequest({ padding: 2_000_000 })),
    pipeline.export(small),
  ]);
  const again = answers[1]?.status === "rejected" ? 1 : 0;
  expect(answers[0]?.status).toBe("rejected");
  if (again === 1) await pipeline.export(small);
  await pipeline.stop();
  expect(store.spans).toBe(2);
});

test("rows that do not fit on the disk are made again from the log once there is room", async ({
  skip,
}) => {
  if (smallDisk === undefined) return skip("this process may not mount a file system");
  const spool = join(smallDisk, "rows-full");
  const { pipeline, store, troubles } = await open({ sealAfterMs: 150 }, spool);
  await pipeline.export(spansRequest({ spans: 20, service: "till" }));
  const free = statfsSync(smallDisk);
  writeFileSync(join(smallDisk, "filler"), Buffer.alloc(free.bavail * free.bsize));
  await until(() => troubles.length > 1);
  expect(troubles[0]).toContain("no space left");
  expect(store.received).toEqual([]);
  rmSync(join(smallDisk, "filler"));
  await until(() => store.received.length > 0);
  await pipeline.stop();
  expect(store.spans).toBe(20);
  // Without its resource row a span has lost half of what its sender said.
  expect(store.received[0]?.tables).toEqual([
    "resources",
    "scopes",
    "attribute_places",
    "spans",
    "trace_index",
  ]);
  expect(store.received[1]?.tables).toEqual(expect.arrayContaining(["red_1m", "red_1h"]));
});

test("what is acknowledged while the collector stops is inserted, and the rest is refused as unavailable", async () => {
  const { pipeline, store, spool } = await open({ sealAfterRows: 7 });
  let acknowledged = 0;
  let refused = 0;
  const send = async (): Promise<void> => {
    try {
      await pipeline.export(spansRequest());
      acknowledged++;
    } catch (error) {
      expect(["unavailable", "overloaded"]).toContain((error as ClewError).code);
      refused++;
    }
  };
  const sending = Array.from({ length: 15 }, send);
  const stopped = pipeline.stop();
  await Promise.all([...sending, send(), send()]);
  await stopped;
  expect(readdirSync(spool)).toEqual(["damaged", "requests"]);
  expect(refused).toBeGreaterThanOrEqual(2);
  expect(acknowledged + refused).toBe(17);
  expect(acknowledged).toBeGreaterThan(0);
  expect(store.spans).toBe(acknowledged);
});

test("a stop does not wait for ever for a store that does not answer, and nothing is lost", async () => {
  const { pipeline, store, spool } = await open({ stopWithinMs: 20 });
  store.hold();
  const request = spansRequest();
  await pipeline.export(request);
  await pipeline.stop();
  expect(store.received).toEqual([]);
  expect(await loggedBodies(spool)).toEqual([request.body.toString()]);
});

test("a damaged log gives its whole requests, and a copy of it is kept", async () => {
  const first = await open();
  for (let i = 0; i < 3; i++) await first.pipeline.export(spansRequest({ spans: 2 }));
  const image = crashImage(first.spool, folder());
  const log = readdirSync(image).find((name) => name.endsWith(".wal")) as string;
  const bytes = readFileSync(join(image, log));
  const at = bytes.indexOf("resourceSpans", bytes.indexOf("resourceSpans") + 1);
  bytes[at] = 0;
  writeFileSync(join(image, log), bytes);
  writeFileSync(join(image, "000000000000001-0.wal"), "not a log at all");
  const second = await open({}, image);
  await until(() => second.store.spans > 0);
  await second.pipeline.stop();
  expect(second.store.spans).toBe(4);
  expect(readdirSync(join(image, "damaged")).sort()).toEqual(
    [
      log,
      log.replace(".wal", ".reason.txt"),
      "000000000000001-0.wal",
      "000000000000001-0.reason.txt",
    ].sort(),
  );
  expect(second.troubles.join("\n")).toMatch(/is no log[^]*damaged/);
});

test("many segments of a former process are inserted in order of age", async () => {
  const spool = folder();
  const writer = await Spool.open(spool);
  const ids = Array.from({ length: 100 }, (_, i) => writer.nextId(1000 + i));
  for (const id of ids.toReversed()) {
    const request = { ...spansRequest(), receivedSeconds: 1_773_144_000 };
    const wal = await writer.createWal(id);
    await wal.append([writer.seal.head(request, writer.seal.fingerprint(request)), request.body]);
    await wal.close();
  }
  const { store, pipeline } = await open({}, spool);
  await until(() => store.spans === ids.length);
  await pipeline.stop();
  const inserted = store.received.filter((segment) => segment.spans > 0).map(({ id }) => id);
  expect(inserted).toEqual(ids);
});
