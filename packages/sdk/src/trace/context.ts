// The context that follows a request through asynchronous code: OpenTelemetry's Context and ContextManager
// on AsyncLocalStorage. Span and baggage have fields of their own because nearly every context has them.

import { AsyncLocalStorage } from "node:async_hooks";
import { EventEmitter } from "node:events";
import type { Baggage, Context, ContextManager, Span } from "@opentelemetry/api";

// OpenTelemetry's API makes its keys with Symbol.for, so that all copies of it agree.
const SPAN_KEY: symbol = Symbol.for("OpenTelemetry Context Key SPAN");
const BAGGAGE_KEY: symbol = Symbol.for("OpenTelemetry Baggage Key");
const SUPPRESS_KEY: symbol = Symbol.for("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/** Immutable values that belong to the work in progress. */
export class ClewContext implements Context {
  readonly span: Span | undefined;
  readonly baggage: Baggage | undefined;
  readonly #more: ReadonlyMap<symbol, unknown> | undefined;

  constructor(
    span: Span | undefined,
    baggage: Baggage | undefined,
    more?: ReadonlyMap<symbol, unknown>,
  ) {
    this.span = span;
    this.baggage = baggage;
    this.#more = more;
  }

  getValue(key: symbol): unknown {
    if (key === SPAN_KEY) return this.span;
    if (key === BAGGAGE_KEY) return this.baggage;
    return this.#more?.get(key);
  }

  setValue(key: symbol, value: unknown): ClewContext {
    if (key === SPAN_KEY) return this.withSpan(value as Span);
    if (key === BAGGAGE_KEY) return new ClewContext(this.span, value as Baggage, this.#more);
    return new ClewContext(this.span, this.baggage, new Map(this.#more).set(key, value));
  }

  deleteValue(key: symbol): ClewContext {
    if (key === SPAN_KEY) return this.withSpan(undefined);
    if (key === BAGGAGE_KEY) return new ClewContext(this.span, undefined, this.#more);
    const more = new Map(this.#more);
    more.delete(key);
    return new ClewContext(this.span, this.baggage, more);
  }

  /** This context with another span. */
  withSpan(span: Span | undefined): ClewContext {
    return new ClewContext(span, this.baggage, this.#more);
  }

  /** Whether nothing in this context may be traced. */
  get suppressed(): boolean {
    return this.#more?.get(SUPPRESS_KEY) === true;
  }
}

/** A context without anything. */
export const ROOT: ClewContext = new ClewContext(undefined, undefined);
/** A context in which nothing is traced: the tracer's own work. */
export const SUPPRESSED: ClewContext = ROOT.setValue(SUPPRESS_KEY, true);

/** Where the current context lives. Typed loosely because users may run contexts of other makes. */
export const storage: AsyncLocalStorage<Context> = sharedStorage();

/** One for all copies of this package in a process, as one in a bundle beside one that is registered. */
function sharedStorage(): AsyncLocalStorage<Context> {
  const place = globalThis as { [key: symbol]: unknown };
  const key = Symbol.for("clew.context.1");
  place[key] ??= new AsyncLocalStorage<Context>();
  return place[key] as AsyncLocalStorage<Context>;
}

let base: Context = ROOT;

/** Sets the context of code that was given none: the one that the process was started in. */
export function setBaseContext(context: Context): void {
  base = context;
}

/** The context of the code that asks. */
export function activeContext(): Context {
  return storage.getStore() ?? base;
}

/** The span of a context of any make. */
export function spanOf(context: Context): Span | undefined {
  if (context instanceof ClewContext) return context.span;
  return context.getValue(SPAN_KEY) as Span | undefined;
}

/** The baggage of a context of any make. */
export function baggageOf(context: Context): Baggage | undefined {
  if (context instanceof ClewContext) return context.baggage;
  return context.getValue(BAGGAGE_KEY) as Baggage | undefined;
}

/** Whether a context of any make says that nothing in it may be traced. */
export function isSuppressed(context: Context): boolean {
  if (context instanceof ClewContext) return context.suppressed;
  return context.getValue(SUPPRESS_KEY) === true;
}

/** `context` with another span. */
export function contextWithSpan(context: Context, span: Span): Context {
  if (context instanceof ClewContext) return context.withSpan(span);
  return context.setValue(SPAN_KEY, span);
}

/** `context` with other baggage. */
export function contextWithBaggage(context: Context, baggage: Baggage): Context {
  return context.setValue(BAGGAGE_KEY, baggage);
}

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

function bindFunction<T extends AnyFunction>(context: Context, target: T): T {
  const bound = function bound(this: unknown, ...args: unknown[]): unknown {
    return storage.run(context, () => target.apply(this, args));
  };
  Object.defineProperty(bound, "length", { configurable: true, value: target.length });
  return bound as T;
}

function bindListeners(context: Context, emitter: EventEmitter): EventEmitter {
  const emit = emitter.emit;
  emitter.emit = function boundEmit(this: EventEmitter, ...args: Parameters<typeof emit>): boolean {
    return storage.run(context, () => emit.apply(this, args));
  };
  return emitter;
}

/** OpenTelemetry's ContextManager over `storage`. */
export const contextManager: ContextManager = {
  active: activeContext,
  with(context, fn, thisArg, ...args) {
    return storage.run(context, () => fn.apply(thisArg, args));
  },
  bind<T>(context: Context, target: T): T {
    if (target instanceof EventEmitter) return bindListeners(context, target) as T;
    if (typeof target === "function") return bindFunction(context, target as never) as T;
    return target;
  },
  enable() {
    return contextManager;
  },
  disable() {
    storage.disable();
    return contextManager;
  },
  attach(context) {
    const before = storage.getStore();
    storage.enterWith(context);
    return {
      dispose() {
        storage.enterWith(before ?? ROOT);
      },
    };
  },
};
