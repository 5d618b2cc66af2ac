// What an instrumentation is. A row of the table in hooks.ts says when one is needed; its code lives in
// src/parts and is loaded when the library is.

import type { Context, TracerProvider } from "@opentelemetry/api";
import type { ClewTracer } from "../trace/tracer.ts";

/** What a patch learns about the copy of a library that it is given. */
export interface LoadedModule {
  /** Name of the package. */
  readonly name: string;
  /** Version in its package.json; `undefined` for modules of Node. */
  readonly version: string | undefined;
  /** Folder of the package; empty for modules of Node. */
  readonly folder: string;
}

/** What an instrumentation works with. */
export interface Tracing {
  /** A tracer under the given scope name. */
  tracer(scope: string, version?: string): ClewTracer;
  /** Runs `fn` in `context`. */
  run<T>(context: Context, fn: () => T): T;
  /** The context of the code that asks. */
  active(): Context;
  /** Writes the headers of `context` in all configured formats. */
  inject(context: Context, set: (name: string, value: string) => void): void;
  /** The context that a message's headers carry, over the root context; `names` lists all of them. */
  extract(get: (name: string) => string | undefined, names?: () => Iterable<string>): Context;
}

/**
 * Patches of one library. `patch` is called once for each file of `file` that loads, with its exports: it
 * may change them in place, or return others (which only `require` sees). It must not throw; what it
 * throws is swallowed and reported by the doctor, and the library works as if not instrumented.
 */
export interface Instrumentation {
  /** Name under which `CLEW_DISABLED_INSTRUMENTATIONS` knows it: that of the library. */
  readonly name: string;
  /** Called once, when the tracer starts or the library is first loaded. */
  start?(tracing: Tracing): void;
  /** Libraries that it wants to be shown. */
  readonly modules?: readonly ModulePatch[];
}

/** One file of a library to be patched. */
export interface ModulePatch {
  /** Package name, or a module of Node such as `http2`. */
  readonly module: string;
  /** Versions as `>=8.0.0 <9.0.0 || 10`; all when absent. */
  readonly versions?: string;
  /** File within the package without extension, such as `lib/client`; the package's main file when absent. */
  readonly file?: string;
  /**
   * For ES modules: names of variables at the top level of the file that `exports` shall hold. Functions and
   * `let` variables can be replaced by assignment to `exports`; classes are patched on their prototype.
   */
  readonly expose?: readonly string[];
  patch(exports: Record<string, unknown>, loaded: LoadedModule, tracing: Tracing): unknown;
}

/** The part of OpenTelemetry's Instrumentation that is used: any of its packages fits. */
export interface OpenTelemetryInstrumentation {
  readonly instrumentationName: string;
  setTracerProvider(provider: TracerProvider): void;
  enable(): void;
  disable(): void;
}

/** Ours or OpenTelemetry's. */
export type AnyInstrumentation = Instrumentation | OpenTelemetryInstrumentation;
