// Ends a span when the result of its work is there, without changing what the program sees of that result: an
// error that nobody handles stays unhandled, and work that begins when it is awaited is begun once.

import { types } from "node:util";
import type { Context, Span } from "@opentelemetry/api";
import { storage } from "../trace/context.ts";
import { fail } from "../trace/exception.ts";

type Then = (
  this: unknown,
  resolved?: ((value: unknown) => unknown) | null,
  rejected?: ((reason: unknown) => unknown) | null,
) => unknown;

/** Ends `span` when `result` is settled, or at once when it is no promise; returns what stands for `result`. */
export function watchResult(span: Span, context: Context, result: unknown): unknown {
  try {
    if (types.isPromise(result)) return span.isRecording() ? watchPromise(span, result) : result;
    const then = thenOf(result);
    if (then !== undefined && watchThenable(span, context, result as object, then)) return result;
  } catch {
    // Not to be watched: a getter that throws, a frozen object.
  }
  span.end();
  return result;
}

/**
 * A promise that follows the given one. To watch the given one itself would count as handling its error, which
 * Node then never reports.
 */
function watchPromise(span: Span, promise: Promise<unknown>): Promise<unknown> {
  const watched = promise.then(
    (value) => {
      span.end();
      return value;
    },
    (thrown: unknown) => {
      fail(span, thrown);
      span.end();
      throw thrown;
    },
  );
  // Some libraries hand out promises with methods of their own, such as one that cancels.
  for (const key of Reflect.ownKeys(promise)) {
    if (Object.hasOwn(watched, key)) continue;
    const property = Object.getOwnPropertyDescriptor(promise, key);
    if (property !== undefined) Reflect.defineProperty(watched, key, property);
  }
  return watched;
}

function thenOf(value: unknown): Then | undefined {
  if (value === null || typeof value !== "object") return undefined;
  const { then } = value as { then?: unknown };
  return typeof then === "function" ? (then as Then) : undefined;
}

/** Query builders begin their work when `then` is called, each time anew: it is watched from within that call. */
function watchThenable(span: Span, context: Context, target: object, then: Then): boolean {
  const watched: Then = function watchedThen(this: unknown, resolved, rejected) {
    return storage.run(context, () =>
      then.call(
        this,
        (value) => {
          span.end();
          return typeof resolved === "function" ? resolved(value) : value;
        },
        (thrown) => {
          fail(span, thrown);
          span.end();
          if (typeof rejected === "function") return rejected(thrown);
          throw thrown;
        },
      ),
    );
  };
  return Reflect.defineProperty(target, "then", {
    value: watched,
    configurable: true,
    enumerable: false,
    writable: true,
  });
}
