// Shows libraries to their instrumentations when they load. CommonJS files are shown after they have run, which
// is also how ES modules get most libraries; files that are ES modules have a line appended that shows
// their top-level variables. Only packages of the table are ever touched.

import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";
import {
  offerOrdinaryLoader,
  runsImportsAside,
  sourceless,
  throughOrdinaryLoader,
} from "./imported-commonjs.ts";
import type { Instrumentation, Tracing } from "./instrumentation.ts";
import { placeOf } from "./package-facts.ts";
import { Patcher } from "./patcher.ts";

const FOLDER = "/node_modules/";
const SHOW = Symbol.for("clew.show");
const ASIDE = runsImportsAside(process.versions.node);

interface ModuleObject {
  exports: Record<string, unknown>;
}
/** Source, file, and what Node adds. */
type CompileArguments = [source: string, filename: string, ...more: unknown[]];
interface ModuleClass {
  prototype: { _compile(this: ModuleObject, ...args: CompileArguments): unknown };
}
type Source = string | ArrayBuffer | Uint8Array | null | undefined;
interface LoadResult {
  format?: string;
  source?: Source;
}
interface LoadContext {
  /** A list or, for `require` in Node 22.15, a set. */
  readonly conditions?: readonly string[] | ReadonlySet<string>;
}
type NextLoad = (url: string, context: unknown) => LoadResult;
interface HookedModule {
  registerHooks?(hooks: { load(url: string, context: LoadContext, next: NextLoad): LoadResult }): {
    deregister(): void;
  };
  syncBuiltinESMExports(): void;
}

/**
 * Files are shown at the end of `_compile`, not of `load`: that one notes the exports that ES modules get, before
 * anybody behind it could replace them.
 */
function hookCommonJs(patcher: Patcher): () => void {
  const { prototype } = nodeModule.Module as unknown as ModuleClass;
  const { _compile: compile } = prototype;
  const hooked = function compileAndShow(this: ModuleObject, ...args: CompileArguments): unknown {
    const result: unknown = Reflect.apply(compile, this, args);
    const place = placeOf(args[1]);
    if (place === undefined || !patcher.has(place.name)) return result;
    const { exports } = this;
    const patched = patcher.commonJs(place, exports);
    if (patched !== exports) this.exports = patched;
    return result;
  };
  prototype._compile = hooked;
  return () => {
    if (prototype._compile === hooked) prototype._compile = compile;
  };
}

function hasText(source: Source): source is string | ArrayBuffer | Uint8Array {
  return source !== null && source !== undefined;
}

function text(source: Source): string {
  if (typeof source === "string") return source;
  return hasText(source) ? Buffer.from(source as Uint8Array).toString() : "";
}

/** The source of a file as it shall run; `undefined` when it may run as it is. */
function changedSource(
  patcher: Patcher,
  url: string,
  { format, source }: LoadResult,
  { conditions }: LoadContext,
): string | undefined {
  if (!url.startsWith("file:")) return undefined;
  if (format === "commonjs" && ASIDE && [...(conditions ?? [])].includes("import")) {
    return hasText(source) ? throughOrdinaryLoader(text(source)) : undefined;
  }
  if (format !== "module" || !url.includes(FOLDER)) return undefined;
  const place = placeOf(fileURLToPath(url));
  if (place === undefined || !patcher.has(place.name)) return undefined;
  const appendix = patcher.appendix(url, place);
  return appendix === "" ? undefined : text(source) + appendix;
}

function loadNext(next: NextLoad, url: string, context: LoadContext): LoadResult {
  try {
    return next(url, context);
  } catch (error) {
    const instead = sourceless(url, error);
    if (instead === undefined) throw error;
    return instead;
  }
}

function hookLoader(patcher: Patcher): () => void {
  const { registerHooks, syncBuiltinESMExports } = nodeModule as unknown as HookedModule;
  if (registerHooks === undefined) return () => {};
  if (ASIDE) offerOrdinaryLoader();
  const seen = new Set<string>();
  const load = (url: string, context: LoadContext, next: NextLoad): LoadResult => {
    const result = loadNext(next, url, context);
    if (url.startsWith("node:")) {
      const name = url.slice(5);
      if (!patcher.has(name) || seen.has(name)) return result;
      seen.add(name);
      patcher.builtin(name);
      syncBuiltinESMExports();
      return result;
    }
    const source = changedSource(patcher, url, result, context);
    return source === undefined ? result : { ...result, source };
  };
  try {
    const hooks = registerHooks.call(nodeModule, { load });
    return () => hooks.deregister();
  } catch {
    return () => {}; // jest, whose modules are its own affair
  }
}

/** Begins to show libraries that load to their instrumentations; returns what stops it. */
export function hookModules(
  tracing: Tracing,
  enabled: (name: string) => boolean,
  further: readonly Instrumentation[],
): () => void {
  const patcher = new Patcher(tracing, enabled, further);
  if (patcher.names.length === 0) return () => {};
  patcher.reportEarly();
  Object.defineProperty(globalThis, SHOW, {
    configurable: true,
    value: (url: string, exports: Record<string, unknown>) => patcher.esModule(url, exports),
  });
  const stops = [hookCommonJs(patcher), hookLoader(patcher)];
  return () => {
    for (const stop of stops) stop();
  };
}
