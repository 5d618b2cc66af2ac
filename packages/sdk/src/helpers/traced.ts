// `traced(fn)` and `@traced`: every call becomes a span, and the signature stays what it was.

import { types } from "node:util";
import type { SpanAttributes } from "../semconv.ts";
import { parentOf, type SpanChoices, span, startSpan } from "./span.ts";
import { traceGenerator } from "./traced-generator.ts";

type AnyFunction = (this: never, ...args: never[]) => unknown;
type MethodDecorator = <F extends AnyFunction>(
  method: F,
  context: ClassMethodDecoratorContext,
) => F;

/** What `traced` says about each span. */
export interface TracedChoices extends SpanChoices {
  readonly attributes?: SpanAttributes;
}

function wrap<F extends AnyFunction>(name: string, fn: F, choices: TracedChoices): F {
  const { attributes = {} } = choices;
  const wrapped = types.isGeneratorFunction(fn)
    ? wrappedGenerator(name, fn, choices)
    : function traced(this: never, ...args: never[]): unknown {
        return span(name, attributes, choices, () => fn.apply(this, args));
      };
  Object.defineProperty(wrapped, "name", { value: fn.name, configurable: true });
  Object.defineProperty(wrapped, "length", { value: fn.length, configurable: true });
  return wrapped as unknown as F;
}

function wrappedGenerator(name: string, fn: AnyFunction, choices: TracedChoices): AnyFunction {
  const wrapped = function traced(this: never, ...args: never[]): unknown {
    const parent = parentOf(choices);
    const generator = fn.apply(this, args) as Generator | AsyncGenerator;
    const begin = () => startSpan(name, choices.attributes, { ...choices, parent });
    return traceGenerator(generator, parent, begin);
  };
  // Some tell by this what a call gives.
  return Object.setPrototypeOf(wrapped, Object.getPrototypeOf(fn) as object) as AnyFunction;
}

/** `fn` in a span named after it. */
export function traced<F extends AnyFunction>(fn: F, choices?: TracedChoices): F;
/** `fn` in a span of the given name. */
export function traced<F extends AnyFunction>(name: string, fn: F, choices?: TracedChoices): F;
/** As a decorator without arguments: `@traced async place(order) {}`. */
export function traced<F extends AnyFunction>(method: F, context: ClassMethodDecoratorContext): F;
/** As a decorator with a name or choices: `@traced("place an order")`. */
export function traced(name?: string, choices?: TracedChoices): MethodDecorator;
export function traced(
  first?: string | AnyFunction,
  second?: AnyFunction | TracedChoices | ClassMethodDecoratorContext,
  third: TracedChoices = {},
): unknown {
  if (typeof first === "function") {
    if (isMethodContext(second)) return wrap(methodName(second), first, {});
    const choices = typeof second === "object" ? second : {};
    return wrap(first.name || "anonymous", first, choices);
  }
  if (typeof second === "function") return wrap(first ?? second.name, second, third);
  const choices = second === undefined || isMethodContext(second) ? {} : second;
  return (method: AnyFunction, context: ClassMethodDecoratorContext) =>
    wrap(first ?? methodName(context), method, choices);
}

function isMethodContext(value: object | undefined): value is ClassMethodDecoratorContext {
  return value !== undefined && "kind" in value && value.kind === "method";
}

function methodName(context: ClassMethodDecoratorContext): string {
  return String(context.name);
}
