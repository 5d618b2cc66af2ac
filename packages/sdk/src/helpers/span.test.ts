// What a program sees of work that runs in a span: exactly what it would see without one.

import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type Sdk, start } from "../sdk.ts";
import { activeContext, spanOf } from "../trace/context.ts";
import type { RecordingSpan } from "../trace/span.ts";
import { span } from "./span.ts";
import { traced } from "./traced.ts";

const ended: RecordingSpan[] = [];
let sdk: Sdk | undefined;

beforeAll(() => {
  sdk = start({
    export: false,
    global: false,
    disabledInstrumentations: ["*"],
    observers: [
      { ended: (one) => ended.push(one) },
      {
        ended() {
          throw new Error("an observer's own defect");
        },
      },
    ],
  });
});
afterEach(() => ended.splice(0));
afterAll(() => sdk?.shutdown());

describe("what is thrown", () => {
  const unreadable = {
    "an object without a prototype": Object.create(null),
    "an object whose text throws": {
      toString() {
        throw new Error("no text");
      },
    },
    "a symbol": Symbol("thrown"),
    "an error whose message throws": Object.defineProperty(new Error("x"), "message", {
      get() {
        throw new Error("no message");
      },
    }),
  };
  test.each(Object.entries(unreadable))("%s arrives as it is", async (_, thrown: unknown) => {
    const caught = await span("fails", () => Promise.reject(thrown)).catch((e: unknown) => e);
    expect(caught).toBe(thrown);
    let thrownAgain: unknown;
    try {
      span("fails", () => {
        throw thrown;
      });
    } catch (error) {
      thrownAgain = error;
    }
    expect(thrownAgain).toBe(thrown);
    expect(ended.map(({ statusCode }) => statusCode)).toEqual([2, 2]);
  });
});

test("an error that nobody handles is reported by Node as without a span", async () => {
  const before = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  const heard = new Promise((resolve) => {
    process.once("unhandledRejection", resolve);
  });
  try {
    void span("fails", () => Promise.reject(new Error("nobody handles this")));
    expect(await heard).toMatchObject({ message: "nobody handles this" });
  } finally {
    for (const listener of before) process.on("unhandledRejection", listener);
  }
});

test("a query that begins when it is awaited is run once, within its span", async () => {
  const run = vi.fn(() => Promise.resolve(spanOf(activeContext())));
  class Query {
    where(): this {
      return this;
    }
    // biome-ignore lint/suspicious/noThenProperty: it is what query builders do.
    then<T>(resolved?: (value: unknown) => T, rejected?: (reason: unknown) => T): Promise<T> {
      return run().then<T, T>(resolved, rejected);
    }
  }
  const query = span("query", () => new Query());
  expect(query).toBeInstanceOf(Query);
  expect(ended).toEqual([]);
  const seen = await query.where();
  expect(run).toHaveBeenCalledTimes(1);
  expect(ended).toEqual([seen]);
});

test("promises keep the methods that a library gave them", async () => {
  const cancel = vi.fn();
  const promise = span("request", () => Object.assign(Promise.resolve(7), { cancel }));
  promise.cancel();
  expect(cancel).toHaveBeenCalledTimes(1);
  expect(await promise).toBe(7);
});

test("a result whose `then` throws is handed back", () => {
  const result = {
    // biome-ignore lint/suspicious/noThenProperty: a getter like those of proxies.
    get then(): never {
      throw new Error("not for you");
    },
  };
  expect(span("odd", () => result)).toBe(result);
  expect(ended).toHaveLength(1);
});

test("tracers take any name", () => {
  for (const name of [undefined, null, 5, Symbol("s"), ""]) {
    sdk
      ?.getTracer(name as string, name as string)
      .startSpan("one")
      .end();
  }
  expect(ended).toHaveLength(5);
});

describe("traced generators", () => {
  const parentIds = () => ended.map(({ name, parentSpanId }) => [name, parentSpanId]);

  test("their span lasts from the first step to the last, under who called, and what is inside is under it", () => {
    const count = traced("count", function* count(to: number): Generator<number, string, string> {
      const said: string[] = [];
      for (let i = 0; i < to; i++)
        said.push(
          span(`step ${i}`, () => ""),
          yield i,
        );
      return said.join("");
    });
    const never = traced(function* never(): Generator<number> {
      yield 1;
    });
    let outer = "";
    const generator = span("outer", (own) => {
      outer = own.spanContext().spanId;
      never().return(0);
      return count(2);
    });
    const given = [generator.next("-"), generator.next("a"), generator.next("b")];
    expect(given.map(({ value }) => value)).toEqual([0, 1, "ab"]);
    expect(spanOf(activeContext())).toBeUndefined();
    const own = ended.find(({ name }) => name === "count")?.spanId;
    expect(parentIds()).toEqual([
      ["outer", undefined],
      ["step 0", own],
      ["step 1", own],
      ["count", outer],
    ]);
    expect([count.name, count.length]).toEqual(["count", 1]);
    expect(Object.prototype.toString.call(count)).toBe("[object GeneratorFunction]");
  });

  test("asynchronous ones too, left by a loop or by an error", async () => {
    const orders = {
      most: 3,
      all: traced(async function* all(this: { most: number }, fails: boolean) {
        for (let i = 0; i < this.most; i++) {
          await Promise.resolve();
          span(`load ${i}`, () => {});
          yield i;
          if (fails) throw new Error("no more");
        }
      }),
    };
    for await (const each of orders.all(false)) if (each === 1) break;
    const all = ended.findIndex(({ name }) => name === "all");
    expect(parentIds().map(([name]) => name)).toEqual(["load 0", "load 1", "all"]);
    expect(ended[0]?.parentSpanId).toBe(ended[all]?.spanId);
    ended.length = 0;
    const read = async () => {
      const seen: number[] = [];
      for await (const each of orders.all(true)) seen.push(each);
      return seen;
    };
    await expect(read()).rejects.toThrow("no more");
    expect(ended.map(({ name, statusCode }) => [name, statusCode])).toEqual([
      ["load 0", 0],
      ["all", 2],
    ]);
  });
});
