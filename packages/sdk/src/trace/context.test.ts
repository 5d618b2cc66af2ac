// Where the context goes by itself, and where it has to be carried.

import { EventEmitter, once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bind, bindEmitter, wrapGenerator } from "../helpers/bind.ts";
import { activeSpan, span, startSpan } from "../helpers/span.ts";
import { traced } from "../helpers/traced.ts";
import { type Sdk, start } from "../sdk.ts";
import type { RecordingSpan } from "./span.ts";

const ended: RecordingSpan[] = [];
let sdk: Sdk | undefined;

beforeAll(() => {
  sdk = start({
    export: false,
    disabledInstrumentations: ["*"],
    observers: [{ ended: (each) => ended.push(each) }],
  });
});
afterAll(async () => {
  await sdk?.shutdown();
});

const last = (name: string): RecordingSpan =>
  ended.findLast((each) => each.name === name) as RecordingSpan;
const current = (): string | undefined => (activeSpan() as RecordingSpan | undefined)?.name;

describe("kept without help", () => {
  test("over await, timers, microtasks and thenables", async () => {
    const seen = await span("outer", async () => {
      const names: (string | undefined)[] = [current()];
      await Promise.resolve();
      names.push(current());
      await new Promise((resolve) => setTimeout(resolve, 1));
      names.push(current());
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
      await { then: (done: (value: unknown) => void) => setImmediate(done, 0) };
      names.push(current());
      queueMicrotask(() => names.push(current()));
      process.nextTick(() => names.push(current()));
      await new Promise((resolve) => setImmediate(resolve));
      return names;
    });
    expect(seen).toEqual(Array(6).fill("outer"));
    expect(current()).toBeUndefined();
  });
});

describe("carried", () => {
  test("into a callback that a pool keeps", async () => {
    const queue: (() => void)[] = [];
    const seen: (string | undefined)[] = [];
    span("caller", () => {
      queue.push(bind(() => seen.push(current())));
      queue.push(() => seen.push(current()));
    });
    for (const job of queue) job();
    expect(seen).toEqual(["caller", undefined]);
  });

  test("to the listeners of an emitter, those of later too", async () => {
    const emitter = new EventEmitter();
    span("owner", () => bindEmitter(emitter));
    const seen: (string | undefined)[] = [];
    emitter.on("x", () => seen.push(current()));
    const waited = once(emitter, "x");
    emitter.emit("x");
    await waited;
    expect(seen).toEqual(["owner"]);
  });

  test("into generators that are consumed elsewhere", async () => {
    async function* items(): AsyncGenerator<string | undefined> {
      yield current();
      await Promise.resolve();
      yield current();
    }
    const generator = span("producer", () => wrapGenerator(items()));
    const seen: (string | undefined)[] = [];
    for await (const item of generator) seen.push(item);
    expect(seen).toEqual(["producer", "producer"]);
    function* sync(): Generator<string | undefined> {
      yield current();
    }
    expect([...span("sync", () => wrapGenerator(sync()))]).toEqual(["sync"]);
  });
});

describe("helpers", () => {
  test("span returns what the work returns, and is its parent", async () => {
    const answer = await span("a", { "user.id": 7 }, async (a) => {
      a.set({ tier: "gold" });
      return span("b", () => 42);
    });
    expect(answer).toBe(42);
    expect(last("b").parentSpanId).toBe(last("a").spanId);
    expect(last("a").attributes).toEqual(["user.id", 7, "tier", "gold"]);
  });

  test("what is thrown is recorded and thrown on, at once or later", async () => {
    const boom = new RangeError("boom");
    expect(() =>
      span("throws", () => {
        throw boom;
      }),
    ).toThrow(boom);
    await expect(span("rejects", async () => Promise.reject(boom))).rejects.toBe(boom);
    for (const name of ["throws", "rejects"]) {
      expect(last(name)).toMatchObject({ statusCode: 2, statusMessage: "boom" });
      expect(last(name).attributes).toContain("RangeError");
      expect(last(name).events?.[0]?.name).toBe("exception");
    }
  });

  test("traced keeps name, length, this and the types", async () => {
    const add = traced(function add(this: { base: number }, a: number, b: number) {
      return this.base + a + b;
    });
    expect(add.call({ base: 1 }, 2, 3)).toBe(6);
    expect([add.name, add.length]).toEqual(["add", 2]);
    expect(last("add")).toBeDefined();
    const named = traced("checkout", async (id: string) => id);
    expect(await named("x")).toBe("x");
    expect(last("checkout")).toBeDefined();
  });

  test("using ends a span with its block", () => {
    {
      using held = startSpan("block");
      expect(held.isRecording()).toBe(true);
    }
    expect(last("block").endMs).toBeGreaterThan(0);
  });

  test("parent null begins a new trace", () => {
    span("old", () => span("new", {}, { parent: null }, () => {}));
    expect(last("new").traceId).not.toBe(last("old").traceId);
    expect(last("new").parentSpanId).toBeUndefined();
  });
});
