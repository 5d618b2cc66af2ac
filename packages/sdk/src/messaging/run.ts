// Runs the work of a span of messaging. Other than with `span()`, whoever calls is a library that may ignore a promise: a
// failure that nobody handles has to stay one, so the promise that is given back is the one that knows of the span.

import type { EventEmitter } from "node:events";
import { storage } from "../trace/context.ts";
import { fail } from "../trace/exception.ts";
import type { Begun } from "./operation.ts";

/** Whether it is a promise of any make. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

/** Gives `result` back and calls `ended` when it is there, with what went wrong, if anything. */
export function whenDone<T>(result: T, ended: (failure?: { readonly error: unknown }) => void): T {
  if (!isThenable(result)) {
    ended();
    return result;
  }
  const followed = result.then(
    (value) => {
      ended();
      return value;
    },
    (error: unknown) => {
      ended({ error });
      throw error;
    },
  );
  // Promises of other makes may have methods that callers need.
  if (Object.getPrototypeOf(result) === Promise.prototype) return followed as T;
  followed.then(undefined, () => {});
  return result;
}

/** Ends a span, as failed when something was thrown. */
export function endBegun(begun: Begun, failure?: { readonly error: unknown }): void {
  if (failure !== undefined) fail(begun.span, failure.error);
  begun.span.end();
}

/** Runs `work` in the span that has begun, which ends with it or with its promise. */
export function runBegun<T>(begun: Begun | undefined, work: () => T): T {
  if (begun === undefined) return work();
  let result: T;
  try {
    result = storage.run(begun.context, work);
  } catch (error) {
    endBegun(begun, { error });
    throw error;
  }
  return whenDone(result, (failure) => endBegun(begun, failure));
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
  const listeners = emitter.rawListeners(event) as ((...given: unknown[]) => unknown)[];
  const results = storage.run(begun.context, () => {
    try {
      return listeners.map((listener) => Reflect.apply(listener, emitter, args));
    } catch (error) {
      endBegun(begun, { error });
      throw error;
    }
  });
  const promises = results.filter((result) => result instanceof Promise);
  if (promises.length === 0) begun.span.end();
  else void runBegun(begun, async () => await Promise.all(promises));
}
