// What lies on the disk: who may send it, in which pieces, when, and how much of it there may be.

import { mkdtempSync, readdirSync, renameSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readSettings } from "../config/settings.ts";
import { type ReceivedSpan, readSpans } from "../testing/otlp-sink.ts";
import { Scope } from "../trace/scope.ts";
import { RecordingSpan } from "../trace/span.ts";
import { type Batch, batchBody, batchSpans } from "./batch.ts";
import type { Carrier } from "./drain.ts";
import { OpenBatch } from "./open-batch.ts";
import type { Outcome } from "./retry.ts";
import { Sender } from "./sender.ts";
import { Spill } from "./spill.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "clew-drain-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const TAKEN: Outcome = { kind: "taken", rejected: 0, message: "" };
const AWAY: Outcome = { kind: "retry", afterMs: 1, reached: false, message: "away" };
const TRACE = "0af7651916cd43dd8448eb211c80319c";

const all = readSettings({}, { OTEL_LOG_LEVEL: "none" });
const spillOf = (env: Record<string, string> = {}) =>
  new Spill(readSettings({}, { OTEL_LOG_LEVEL: "none", ...env }).export, folder);

function spanBatch(count: number, drops = 0): Batch {
  const open = new OpenBatch(() => Buffer.alloc(0));
  const scopes = ["one", "two"].map(
    (name) => new Scope(name, "1", { limits: all.limits, take() {} }),
  );
  for (let i = 0; i < count; i++) {
    const scope = scopes[i % 2] as Scope;
    const spanId = (i + 1).toString(16).padStart(16, "0");
    const parentSpanId = i < count / 4 ? undefined : "00f067aa0ba902b7";
    const identity = { spanId, parentSpanId, traceId: TRACE, flags: 1 };
    const more = { remoteParent: false, traceState: undefined };
    const span = new RecordingSpan(scope, { ...identity, ...more }, `span ${i}`, 0, 1, 1);
    span.end();
    open.add(scope, span);
  }
  return open.seal(drops);
}

/** A backend that takes requests of a few spans only. */
class SmallBackend implements Carrier {
  readonly spans: ReceivedSpan[] = [];
  away = 0;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  send(body: Buffer): Promise<Outcome> {
    if (this.away-- > 0) return Promise.resolve(AWAY);
    if (body.length > this.#most) return Promise.resolve({ kind: "too_large" });
    this.spans.push(...readSpans(body));
    return Promise.resolve(TAKEN);
  }

  get names(): readonly string[] {
    return this.spans.map(({ name }) => name).sort();
  }
}

const namesOf = (count: number) => Array.from({ length: count }, (_, i) => `span ${i}`).sort();

test("what is too large for the backend arrives in pieces, from memory and from the disk", async () => {
  const backend = new SmallBackend(700);
  const spill = spillOf();
  const [live, spilled] = [spanBatch(50, 7), spanBatch(50, 7)];
  expect(spill.write(batchBody(spilled), batchSpans(spilled))).toBe(true);
  const sender = new Sender(all.export, backend, spill);
  sender.push(live);
  await expect.poll(() => sender.counts.delivered).toBe(100);
  expect(sender.counts.dropped).toBe(0);
  expect(backend.names).toEqual([...namesOf(50), ...namesOf(50)].sort());
  // Drops are told on a scope, which stands in many pieces now.
  const told = backend.spans.filter((span) => span.scopeAttributes["clew.dropped_spans"] === 7);
  expect(told.length).toBeGreaterThanOrEqual(2);
  expect(told.length).toBeLessThan(20);
});

test("a single span that is too large is dropped and counted", async () => {
  const spill = spillOf();
  const batch = spanBatch(4);
  spill.write(batchBody(batch), 4);
  const sender = new Sender(all.export, new SmallBackend(10), spill);
  sender.drain();
  await expect.poll(() => sender.counts.dropped).toBe(4);
  expect(spillOf().next()).toBeUndefined();
});

test("a process without spans of its own asks a backend again that was away, and goes on where it was", async () => {
  const backend = new SmallBackend(700);
  const spill = spillOf();
  spill.write(batchBody(spanBatch(20)), 20);
  const sender = new Sender(all.export, backend, spill);
  backend.away = 3;
  sender.drain();
  await expect.poll(() => sender.counts.delivered).toBe(20);
  expect(backend.names).toEqual(namesOf(20));
});

test("records that have arrived are not sent again when the process is killed before the file is through", () => {
  const spill = spillOf();
  for (const text of ["one", "two", "three"]) spill.write(Buffer.from(text), 1);
  expect(spill.next()?.body.toString()).toBe("one");
  spill.sent();
  expect(spill.next()?.body.toString()).toBe("two");
  const next = spillOf();
  expect(next.next()?.body.toString()).toBe("two");
  next.sent();
  expect(next.next()?.body.toString()).toBe("three");
});

test("the limit is the folder's, whoever fills it", () => {
  const [one, other] = [0, 1].map(() => spillOf({ CLEW_SDK_SPILL_BYTES: "1000" })) as [
    Spill,
    Spill,
  ];
  expect(one.write(Buffer.alloc(400), 1)).toBe(true);
  expect(other.write(Buffer.alloc(400), 1)).toBe(true);
  expect(one.write(Buffer.alloc(400), 1)).toBe(false);
  other.next();
  other.sent();
  other.tidy();
  expect(one.write(Buffer.alloc(400), 1)).toBe(true);
});

/** The single file, after its name was changed. */
function renamed(change: (name: string) => string): string {
  const home = join(folder, readdirSync(folder)[0] as string);
  const [name] = readdirSync(home) as [string];
  renameSync(join(home, name), join(home, change(name)));
  return join(home, change(name));
}

test("another container's process may have our process id: while it lives its files are its own", () => {
  const writer = spillOf();
  writer.write(Buffer.from("theirs"), 1);
  const file = renamed((name) => name.replace(/-[0-9a-f]{12}-/, "-0123456789ab-"));
  const reader = spillOf();
  expect(reader.next()).toBeUndefined();
  const longAgo = new Date(Date.now() - 61_000);
  utimesSync(file, longAgo, longAgo);
  reader.lookAgain();
  expect(reader.next()?.body.toString()).toBe("theirs");
});

test("what a process leaves at its end anybody may send at once, from other containers too", () => {
  const writer = spillOf();
  writer.write(Buffer.from("left"), 1);
  writer.release();
  renamed((name) => name.replace(/-[0-9a-f]{12}-/, "-0123456789ab-"));
  expect(spillOf().next()?.body.toString()).toBe("left");
});
