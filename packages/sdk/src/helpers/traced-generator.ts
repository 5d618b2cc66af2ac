// A generator in a span that begins with its first step, as its body does, and ends when it is through: by its end, by
// an error, or by a loop that leaves it. What consumes it runs outside of the span, in between.

import { types } from "node:util";
import type { Context } from "@opentelemetry/api";
import { contextWithSpan, storage } from "../trace/context.ts";
import { fail } from "../trace/exception.ts";
import type { SpanHandle } from "./span.ts";

type AnyGenerator = Generator<unknown, unknown> | AsyncGenerator<unknown, unknown>;
type Step = (...args: unknown[]) => unknown;

const STEPS = ["next", "return", "throw"] as const;

/** The span of one generator, between its steps. */
class GeneratorSpan {
  readonly #context: Context;
  readonly #begin: () => SpanHandle;
  #span: SpanHandle | undefined;

  constructor(context: Context, begin: () => SpanHandle) {
    this.#context = context;
    this.#begin = begin;
  }

  run(step: () => unknown, begins: boolean): unknown {
    // One that is left before its first step does nothing at all.
    if (this.#span === undefined && !begins) return step();
    this.#span ??= this.#begin();
    const span = this.#span;
    let result: unknown;
    try {
      result = storage.run(contextWithSpan(this.#context, span), step);
    } catch (thrown) {
      this.#failed(span, thrown);
      throw thrown;
    }
    if (!types.isPromise(result)) return this.#stepped(span, result);
    return result.then(
      (value: unknown) => this.#stepped(span, value),
      (thrown: unknown) => {
        this.#failed(span, thrown);
        throw thrown;
      },
    );
  }

  #stepped(span: SpanHandle, result: unknown): unknown {
    if ((result as IteratorResult<unknown>).done === true) span.end();
    return result;
  }

  #failed(span: SpanHandle, thrown: unknown): void {
    fail(span, thrown);
    span.end();
  }
}

/** `generator` with its steps in the span that `begin` begins, under `context`. */
export function traceGenerator<G extends AnyGenerator>(
  generator: G,
  context: Context,
  begin: () => SpanHandle,
): G {
  const span = new GeneratorSpan(context, begin);
  const traced = Object.create(generator) as G;
  for (const name of STEPS) {
    const step = generator[name] as Step;
    const value = (...args: unknown[]): unknown =>
      span.run(() => Reflect.apply(step, generator, args), name === "next");
    Object.defineProperty(traced, name, { value, configurable: true, writable: true });
  }
  return traced;
}
