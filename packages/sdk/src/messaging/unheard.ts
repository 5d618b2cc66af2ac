// Results of handlers that a library calls and does not listen to. Whoever listens to a promise counts as handling its
// error: to listen would hide an error that nobody handles, and a promise of ours that repeats it would be one more for a
// program that handles its own. So the promise of an async function, which nobody else can have, is followed by one
// that fails in its place; of any other promise only the state is looked at, now and then.

import type { EventEmitter } from "node:events";
import { setTimeout } from "node:timers";
import { inspect, types } from "node:util";
import { SUPPRESSED, storage } from "../trace/context.ts";
import type { Begun } from "./operation.ts";
import { beginWork, type Ended, endBegun, isThenable, whenDone } from "./run.ts";

/** Waits grow with the time that has passed: an end is seen late by this share of it, and by a tenth of a second at most. */
const LATE_SHARE = 0.05;
const LONGEST_WAIT_MS = 100;
const REJECTED = "the promise of the handler was rejected";

/** Whether a promise is settled, and how. */
function stateOf(promise: Promise<unknown>): "pending" | "rejected" | "fulfilled" {
  const options = { customInspect: false, depth: 0, maxArrayLength: 0, maxStringLength: 0 };
  const [, state] = /\{\s*<(pending|rejected)>/.exec(inspect(promise, options)) ?? [];
  return state === "pending" || state === "rejected" ? state : "fulfilled";
}

/** Calls `ended` soon after the promise is settled; of an error only that there was one is known. */
function lookUntilSettled(promise: Promise<unknown>, ended: Ended): void {
  const startMs = performance.now();
  const look = (): void => {
    const state = stateOf(promise);
    if (state === "rejected") ended({ error: REJECTED });
    else if (state === "fulfilled") ended();
    else {
      const waitMs = Math.min(LONGEST_WAIT_MS, (performance.now() - startMs) * LATE_SHARE);
      setTimeout(look, waitMs).unref();
    }
  };
  storage.run(SUPPRESSED, () => setTimeout(look, 0).unref());
}

/** The function behind what `once` makes of it. */
function given(handler: unknown): unknown {
  return (handler as { readonly listener?: unknown }).listener ?? handler;
}

/** Gives back what stands for the `result` of `handler`, and calls `ended` when it is there. */
export function whenHandled<T>(handler: unknown, result: T, ended: Ended): T {
  const isOwn = !isThenable(result) || types.isAsyncFunction(given(handler));
  if (isOwn || !types.isPromise(result)) return whenDone(result, ended);
  lookUntilSettled(result, ended);
  return result;
}

/** Runs a handler in the span that has begun, which lasts until its result is there. */
export function runHandler<T>(begun: Begun | undefined, handler: unknown, work: () => T): T {
  if (begun === undefined) return work();
  return whenHandled(handler, beginWork(begun, work), (failure) => endBegun(begun, failure));
}

/**
 * Calls the listeners of `event` as EventEmitter does, in the span that has begun; it lasts until the promises that they
 * return are there. One that throws stops the rest, and a rejection that nobody handles ends up where it always did.
 */
export function emitWithin(
  begun: Begun,
  emitter: EventEmitter,
  event: string,
  args: unknown[],
): void {
  let left = 1;
  let failed: { readonly error: unknown } | undefined;
  const ended: Ended = (failure) => {
    failed ??= failure;
    if (--left === 0) endBegun(begun, failed);
  };
  beginWork(begun, () => {
    for (const listener of emitter.rawListeners(event)) {
      const result: unknown = Reflect.apply(listener, emitter, args);
      // Others may be such as begin their work when somebody listens.
      if (!types.isPromise(result)) continue;
      left++;
      void whenHandled(listener, result, ended);
    }
  });
  ended();
}
