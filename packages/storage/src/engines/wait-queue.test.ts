import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { afterWaiting } from "./engine.ts";
import { WaitQueue } from "./wait-queue.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const signal = (): AbortSignal => new AbortController().signal;

/** Asks, and writes down the name when it is served. */
function asker(queue: WaitQueue<string>, served: string[]) {
  return (name: string, own: AbortSignal = signal()): Promise<string> =>
    queue.acquire(30_000, own).then((item) => {
      served.push(name);
      return item;
    });
}

test("a question that has begun is neither refused nor kept behind those that have not", async () => {
  const queue = new WaitQueue(["session"], 2, "queries");
  const served: string[] = [];
  const ask = asker(queue, served);
  const begun = signal();
  const item = await ask("first read", begun);
  const waiting = [ask("another"), ask("a third")];
  await expect(ask("one too many")).rejects.toMatchObject({ code: "overloaded" });
  waiting.push(ask("second read", begun), ask("third read", begun));
  for (const _ of waiting) {
    queue.release(item);
    await vi.advanceTimersByTimeAsync(0);
  }
  expect(served).toEqual(["first read", "second read", "third read", "another", "a third"]);
});

test("long questions leave every eighth turn to those that have not begun", async () => {
  const queue = new WaitQueue(["session"], 2, "queries");
  const served: string[] = [];
  const ask = asker(queue, served);
  const long = signal();
  const item = await ask("long", long);
  const waiting = [ask("short"), ...Array.from({ length: 20 }, () => ask("long", long))];
  for (const _ of waiting) {
    queue.release(item);
    await vi.advanceTimersByTimeAsync(0);
  }
  expect(served.indexOf("short")).toBe(8);
  expect(served).toHaveLength(22);
});

test("who leaves, or has waited for too long, makes room", async () => {
  const queue = new WaitQueue(["session"], 2, "queries");
  const item = await queue.acquire(1000);
  const controller = new AbortController();
  const leaving = expect(queue.acquire(1000, controller.signal)).rejects.toMatchObject({
    code: "cancelled",
  });
  const late = expect(queue.acquire(500)).rejects.toMatchObject({ code: "overloaded" });
  controller.abort();
  await leaving;
  expect(queue.waiting).toBe(1);
  await vi.advanceTimersByTimeAsync(500);
  await late;
  expect(queue.waiting).toBe(0);
  queue.release(item);
  expect(await queue.acquire(1000)).toBe("session");
});

test("who is refused hears how long those in the queue wait", async () => {
  const queue = new WaitQueue(["session"], 2, "queries");
  const item = await queue.acquire(60_000);
  const waiting = [queue.acquire(60_000), queue.acquire(60_000)];
  const refused = (): Promise<unknown> => queue.acquire(60_000).catch((error: unknown) => error);
  expect(await refused()).toMatchObject({ retryAfterMs: 1000 });
  await vi.advanceTimersByTimeAsync(7000);
  expect(await refused()).toMatchObject({ retryAfterMs: 7000 });
  queue.release(item);
  await waiting[0];
  waiting.push(queue.acquire(60_000));
  await vi.advanceTimersByTimeAsync(2000);
  // The one at the front has waited for nine seconds by now, the last that was served for seven.
  expect(await refused()).toMatchObject({ retryAfterMs: 9000 });
  queue.close();
  await expect(waiting[1]).rejects.toMatchObject({ code: "unavailable" });
  await expect(waiting[2]).rejects.toMatchObject({ code: "unavailable" });
});

test("waiting is part of a read's time, and errors name the whole", () => {
  const limits = { timeoutMs: 30_000, maxMemoryBytes: 1, maxBytesToRead: 2 };
  expect(afterWaiting(limits, 0)).toEqual(limits);
  expect(afterWaiting(limits, 29_000)).toEqual({
    ...limits,
    timeoutMs: 1000,
    whole: { timeoutMs: 30_000 },
  });
  const rest = { ...limits, whole: { timeoutMs: 60_000, maxBytesToRead: 9 } };
  expect(afterWaiting(rest, 40_000)).toEqual({ ...rest, timeoutMs: 1 });
});
