// Runs the work of a span of messaging. Other than with `span()`, whoever calls is a library that may ignore a promise: a
// failure that nobody handles has to stay one, so the promise that is given back is the one that knows of the span.

import { storage } from "../trace/context.ts";
import { fail } from "../trace/exception.ts";
import type { Begun } from "./operation.ts";

/** Whether it is a promise of any make. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

/** Called at the end of some work, with what went wrong, if anything. */
export type Ended = (failure?: { readonly error: unknown }) => void;

/** Gives `result` back and calls `ended` when it is there. */
export function whenDone<T>(result: T, ended: Ended): T {
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

/** Runs `work` in the span that has begun, which ends when it throws. */
export function beginWork<T>(begun: Begun, work: () => T): T {
  try {
    return storage.run(begun.context, work);
  } catch (error) {
    endBegun(begun, { error });
    throw error;
  }
}

/** Runs `work` in the span that has begun, which ends with it or with its promise. */
export function runBegun<T>(begun: Begun | undefined, work: () => T): T {
  if (begun === undefined) return work();
  return whenDone(beginWork(begun, work), (failure) => endBegun(begun, failure));
}
