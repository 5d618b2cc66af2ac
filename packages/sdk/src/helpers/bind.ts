// Carries the context over places where Node loses it: callbacks kept in a queue or pool, emitters that are
// fired from elsewhere, and generators that are resumed from elsewhere.

import type { EventEmitter } from "node:events";
import { activeContext, contextManager, storage } from "../trace/context.ts";

/** `fn`, to be run in the context of now, whoever calls it. */
export function bind<F extends (...args: never[]) => unknown>(fn: F): F {
  return contextManager.bind(activeContext(), fn);
}

/** Lets all listeners of `emitter`, those of later too, run in the context of now. */
export function bindEmitter<E extends EventEmitter>(emitter: E): E {
  return contextManager.bind(activeContext(), emitter);
}

/** A generator whose body runs in the context of now, wherever it is consumed. */
export function wrapGenerator<T, R, N>(generator: AsyncGenerator<T, R, N>): AsyncGenerator<T, R, N>;
export function wrapGenerator<T, R, N>(generator: Generator<T, R, N>): Generator<T, R, N>;
export function wrapGenerator<T, R, N>(
  generator: AsyncGenerator<T, R, N> | Generator<T, R, N>,
): AsyncGenerator<T, R, N> | Generator<T, R, N> {
  const context = activeContext();
  const bound = Object.create(generator) as typeof generator;
  for (const name of ["next", "return", "throw"] as const) {
    const step = generator[name] as (...args: unknown[]) => unknown;
    bound[name] = ((...args: unknown[]) =>
      storage.run(context, () => step.apply(generator, args))) as never;
  }
  return bound;
}
