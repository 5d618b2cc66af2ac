// The delivery: overload, refusals, retries, the byte budget and the disk.

import fs, { mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readSettings } from "../config/settings.ts";
import type { Batch } from "./batch.ts";
import type { Carrier } from "./drain.ts";
import { backoffMs, failureOf, type Outcome, retryAfterMs } from "./retry.ts";
import { Sender } from "./sender.ts";
import { Spill } from "./spill.ts";
import { partialSuccess } from "./transport.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "clew-sender-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const TAKEN: Outcome = { kind: "taken", rejected: 0, message: "" };
const AWAY: Outcome = { kind: "retry", afterMs: 1, reached: false, message: "away" };

function settings(env: Record<string, string> = {}) {
  return readSettings({}, { OTEL_LOG_LEVEL: "none", CLEW_SDK_SPILL: folder, ...env }).export;
}

function batch(important: number, ordinary: number): Batch {
  return {
    important: important === 0 ? undefined : Buffer.alloc(important, "i"),
    importantSpans: important,
    ordinary: ordinary === 0 ? undefined : Buffer.alloc(ordinary, "o"),
    ordinarySpans: ordinary,
    reportedDrops: 0,
  };
}

/** Holds requests until they are answered. */
class HeldCarrier implements Carrier {
  readonly bodies: Buffer[] = [];
  readonly answers: ((outcome: Outcome) => void)[] = [];
  most = 0;

  send(body: Buffer): Promise<Outcome> {
    this.bodies.push(body);
    this.most = Math.max(this.most, this.bodies.length);
    return new Promise((resolve) => {
      this.answers.push(resolve);
    });
  }
}

describe("the table of answers", () => {
  test.each([429, 502, 503, 504])("%d is tried again", (status) => {
    expect(failureOf(status, "3", 0)).toMatchObject({ kind: "retry", afterMs: 3000 });
  });
  test.each([400, 401, 403, 404, 408, 500, 501])("%d is final", (status) => {
    expect(failureOf(status, undefined, 0).kind).toBe("refused");
  });
  test("Retry-After is seconds or a date", () => {
    expect(retryAfterMs("7", 0)).toBe(7000);
    expect(retryAfterMs("Sun, 22 Nov 2026 10:00:09 GMT", Date.UTC(2026, 10, 22, 10))).toBe(9000);
    expect(retryAfterMs("soon", 0)).toBeUndefined();
    expect(retryAfterMs("0", 0)).toBe(100);
    expect(retryAfterMs("Sun, 22 Nov 2026 10:00:09 GMT", Date.UTC(2027, 0, 1))).toBe(100);
    expect(retryAfterMs("99999999", 0)).toBe(300_000);
  });
  test("waiting doubles up to half a minute", () => {
    const waits = [1, 2, 3, 20].map((failures) => backoffMs(failures, () => 1));
    expect(waits).toEqual([500, 1000, 2000, 30_000]);
    expect(backoffMs(1, () => 0)).toBe(250);
  });
  test("a partial success says how many were rejected", () => {
    const body = Buffer.from([0x0a, 0x06, 0x08, 0xac, 0x02, 0x12, 0x01, 0x78]);
    expect(partialSuccess(body)).toEqual({ rejected: 300, message: "x" });
    expect(partialSuccess(Buffer.alloc(0))).toEqual({ rejected: 0, message: "" });
  });
});

test("more requests go out at once as long as the backend keeps up, and never more than allowed", async () => {
  const carrier = new HeldCarrier();
  const sender = new Sender(settings({ CLEW_SDK_CONCURRENCY: "5" }), carrier, undefined);
  for (let i = 0; i < 60; i++) sender.push(batch(1, 0));
  const flushed = sender.flush(10_000);
  const inFlight: number[] = [];
  while (sender.pending) {
    inFlight.push(carrier.answers.length);
    for (const answer of carrier.answers.splice(0)) answer(TAKEN);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await flushed).toBe(true);
  expect(Math.max(...inFlight)).toBe(5);
  expect(sender.counts).toEqual({ delivered: 60, dropped: 0, spilled: 0 });
});

test("a backend that is away gets everything later, in order", async () => {
  let away = true;
  const seen: string[] = [];
  const carrier: Carrier = {
    send: (body) => {
      if (away) return Promise.resolve(AWAY);
      seen.push(body.toString());
      return Promise.resolve(TAKEN);
    },
  };
  const sender = new Sender(settings({ CLEW_SDK_CONCURRENCY: "1" }), carrier, undefined);
  for (const name of ["a", "b", "c"]) {
    sender.push({ ...batch(1, 0), important: Buffer.from(name) });
  }
  expect(await sender.flush(1000)).toBe(false);
  away = false;
  expect(await sender.flush(1000)).toBe(true);
  expect(seen).toEqual(["a", "b", "c"]);
});

test("over the budget the oldest go to the disk, and from there to the backend", async () => {
  const held = new HeldCarrier();
  const limited = settings({ CLEW_SDK_QUEUE_BYTES: "3000" });
  const sender = new Sender(limited, held, new Spill(limited, folder));
  for (let i = 0; i < 10; i++) sender.push(batch(1000, 0));
  expect(sender.counts.spilled).toBe(7000);
  expect(sender.counts.dropped).toBe(0);
  const taken: number[] = [];
  const flushed = sender.flush(10_000);
  while (sender.pending || sender.counts.delivered < 10_000) {
    taken.push(held.answers.length);
    for (const answer of held.answers.splice(0)) answer(TAKEN);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await flushed).toBe(true);
  expect(sender.counts.delivered).toBe(10_000);
});

test("without a disk ordinary spans go first, then the oldest; drops are told once", () => {
  const held = new HeldCarrier();
  const sender = new Sender(
    settings({ CLEW_SDK_QUEUE_BYTES: "3000", CLEW_SDK_CONCURRENCY: "1" }),
    held,
    undefined,
  );
  sender.push(batch(1, 0)); // on its way
  sender.push(batch(500, 1000));
  sender.push(batch(500, 1000));
  expect(sender.takeDrops()).toBe(1000);
  sender.push(batch(2000, 0));
  expect(sender.takeDrops()).toBe(1500); // the other ordinary half, and the oldest important one
  expect(sender.takeDrops()).toBe(0);
  expect(sender.counts.dropped).toBe(2500);
});

test("a request that is too large is halved before it is given up", async () => {
  const seen: number[] = [];
  const carrier: Carrier = {
    send: (body) => {
      seen.push(body.length);
      return Promise.resolve(body.length > 1500 ? { kind: "too_large" } : TAKEN);
    },
  };
  const sender = new Sender(settings(), carrier, undefined);
  sender.push(batch(1000, 2000));
  expect(await sender.flush(1000)).toBe(true);
  expect(seen).toEqual([3000, 1000, 2000]);
  expect(sender.counts).toEqual({ delivered: 1000, dropped: 2000, spilled: 0 });
});

describe("a backend that is away for seconds", () => {
  let nowMs = 0;
  beforeEach(() => {
    nowMs = 0;
    vi.spyOn(performance, "now").mockImplementation(() => nowMs);
  });
  afterEach(() => void vi.restoreAllMocks());

  const LATER: Outcome = { kind: "retry", afterMs: 60_000, reached: false, message: "away" };
  const turn = () => new Promise(setImmediate);

  test("what waits for it lies on the disk, once, and is sent when it is back", async () => {
    const carrier = new HeldCarrier();
    const sender = new Sender(settings(), carrier, new Spill(settings(), folder));
    sender.push(batch(1, 0));
    carrier.answers.pop()?.(LATER);
    await turn();
    nowMs = 2000;
    sender.push(batch(2, 0));
    expect(sender.counts.spilled).toBe(0);
    nowMs = 3000;
    sender.push(batch(4, 0));
    sender.push(batch(8, 0));
    expect(sender.counts.spilled).toBe(15);

    const inVain = sender.flush(10_000);
    carrier.answers.pop()?.(LATER);
    expect(await inVain).toBe(false);

    const flushed = sender.flush(10_000);
    carrier.bodies.length = 0;
    while (sender.pending) {
      for (const answer of carrier.answers.splice(0)) answer(TAKEN);
      await turn();
    }
    expect(await flushed).toBe(true);
    expect(sender.counts).toEqual({ delivered: 15, dropped: 0, spilled: 15 });
    expect(readdirSync(folder).flatMap((name) => readdirSync(join(folder, name)))).toEqual([]);
    sender.stop();
  });

  test("one that takes longer than that to fail counts as away since it was asked", async () => {
    const carrier = new HeldCarrier();
    const sender = new Sender(settings(), carrier, new Spill(settings(), folder));
    sender.push(batch(1, 0));
    nowMs = 10_000;
    carrier.answers.pop()?.(LATER);
    await turn();
    expect(sender.counts.spilled).toBe(1);
    sender.stop();
  });

  test("without room on the disk it waits in memory", async () => {
    const tight = settings({ CLEW_SDK_SPILL_BYTES: "10" });
    const carrier = new HeldCarrier();
    const sender = new Sender(tight, carrier, new Spill(tight, folder));
    sender.push(batch(100, 0));
    nowMs = 10_000;
    carrier.answers.pop()?.(LATER);
    await turn();
    expect(sender.counts.spilled).toBe(0);
    const flushed = sender.flush(10_000);
    await turn();
    carrier.answers.pop()?.(TAKEN);
    expect(await flushed).toBe(true);
    expect(sender.counts.delivered).toBe(100);
    sender.stop();
  });
});

describe("the disk", () => {
  test("a torn record is left out, whole ones before it are kept", () => {
    const first = new Spill(settings(), folder);
    expect(first.write(Buffer.from("one"), 1)).toBe(true);
    expect(first.write(Buffer.from("two"), 2)).toBe(true);
    const record = first.next();
    expect(record).toMatchObject({ spans: 1 });
    expect(record?.body.toString()).toBe("one");
    first.sent();
    expect(first.next()?.body.toString()).toBe("two");
  });

  test("its cap is kept, and what is too old is forgotten", () => {
    const capped = new Spill(settings({ CLEW_SDK_SPILL_BYTES: "1000" }), folder);
    expect(capped.write(Buffer.alloc(900), 1)).toBe(true);
    expect(capped.write(Buffer.alloc(900), 1)).toBe(false);
    const aged = new Spill(settings({ CLEW_SDK_SPILL_HOURS: "0" }), folder);
    expect(aged.next()).toBeUndefined();
  });

  test("other destinations have their own records", () => {
    const here = new Spill(settings(), folder);
    here.write(Buffer.from("here"), 1);
    const there = new Spill(settings({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://elsewhere" }), folder);
    expect(there.next()).toBeUndefined();
    expect(here.next()?.body.toString()).toBe("here");
  });
});

describe("a disk with troubles", () => {
  const { writeSync } = fs;
  afterEach(() => {
    fs.writeSync = writeSync;
    syncBuiltinESMExports();
  });

  test("what a full disk leaves of a record does not spoil those that come after it", () => {
    const spill = new Spill(settings(), folder);
    expect(spill.write(Buffer.from("first"), 1)).toBe(true);
    fs.writeSync = ((file: number, bytes: Buffer, at: number) => {
      if (at > 0) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
      return writeSync(file, bytes, at, 10);
    }) as typeof writeSync;
    syncBuiltinESMExports();
    expect(spill.write(Buffer.from("lost for want of space"), 1)).toBe(false);
    fs.writeSync = writeSync;
    syncBuiltinESMExports();
    expect(spill.write(Buffer.from("second"), 1)).toBe(true);
    expect(allRecords(spill)).toEqual(["first", "second"]);
  });

  test("a file that another process takes away while it is written loses nothing", () => {
    const spill = new Spill(settings(), folder);
    spill.write(Buffer.from("before"), 1);
    const sub = join(folder, readdirSync(folder)[0] as string);
    const [file] = readdirSync(sub) as [string];
    renameSync(join(sub, file), join(sub, "taken"));
    expect(spill.write(Buffer.from("after"), 1)).toBe(true);
    expect(allRecords(spill)).toEqual(["after"]);
  });
});

function allRecords(spill: Spill): string[] {
  const texts: string[] = [];
  for (let record = spill.next(); record !== undefined; record = spill.next()) {
    texts.push(record.body.toString());
    spill.sent();
  }
  return texts;
}

test("requests that fail together wait as long as one that fails", async () => {
  const carrier = new HeldCarrier();
  const sender = new Sender(settings(), carrier, undefined);
  sender.push(batch(1, 0));
  carrier.answers[0]?.(TAKEN);
  await new Promise(setImmediate);
  for (let i = 0; i < 8; i++) sender.push(batch(1, 0));
  const before = carrier.answers.length;
  expect(before).toBeGreaterThan(2);
  const failed: Outcome = { kind: "retry", afterMs: undefined, reached: false, message: "away" };
  const startMs = performance.now();
  for (const answer of carrier.answers.slice(1)) answer(failed);
  await expect.poll(() => carrier.answers.length, { timeout: 5000 }).toBeGreaterThan(before);
  carrier.answers.at(-1)?.(failed);
  const again = carrier.answers.length;
  await expect.poll(() => carrier.answers.length, { timeout: 5000 }).toBeGreaterThan(again);
  // Two waits, of at most half a second and of a second.
  expect(performance.now() - startMs).toBeLessThan(1900);
});
