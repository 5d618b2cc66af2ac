// Shows libraries to their instrumentations when they load. CommonJS files are shown after they have run, which
// is also how ES modules get most libraries; files that are ES modules have a line appended that shows
// their top-level variables. Only packages of the table are ever touched.

import { readFileSync } from "node:fs";
import * as nodeModule from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { complain } from "../complaints.ts";
import { loadPart } from "../load-part.ts";
import { HOOKS } from "./hooks.ts";
import type { Instrumentation, LoadedModule, ModulePatch, Tracing } from "./instrumentation.ts";
import { inRange } from "./versions.ts";

const FOLDER = "/node_modules/";
const SHOW = Symbol.for("clew.show");

/** What happened to a library, for the doctor. */
export interface HookReport {
  readonly module: string;
  readonly version: string | undefined;
  readonly outcome: "patched" | "version_not_supported" | "loaded_too_early" | "failed";
  readonly detail?: string;
}

const reports: HookReport[] = [];

/** What has been hooked so far in this process. */
export function hookReports(): readonly HookReport[] {
  return reports;
}

interface ModuleObject {
  exports: Record<string, unknown>;
}
interface ModuleClass {
  prototype: { load(this: ModuleObject, filename: string): void };
}
type Source = string | ArrayBuffer | Uint8Array | null | undefined;
interface LoadResult {
  format?: string;
  source?: Source;
}
type NextLoad = (url: string, context: unknown) => LoadResult;
interface HookedModule {
  registerHooks?(hooks: {
    load(url: string, context: { format?: string }, next: NextLoad): LoadResult;
  }): { deregister(): void };
  syncBuiltinESMExports(): void;
}

interface Place {
  readonly name: string;
  readonly folder: string;
  /** Path within the package, with `/`, without extension. */
  readonly file: string;
}

/** Package and file of a path; `undefined` outside of node_modules. */
export function placeOf(path: string): Place | undefined {
  const slashed = path.includes("\\") ? path.replaceAll("\\", "/") : path;
  const at = slashed.lastIndexOf(FOLDER);
  if (at < 0) return undefined;
  const from = at + FOLDER.length;
  let end = slashed.indexOf("/", from);
  if (slashed[from] === "@" && end >= 0) end = slashed.indexOf("/", end + 1);
  if (end < 0) return undefined;
  return {
    name: slashed.slice(from, end),
    folder: slashed.slice(0, end),
    file: slashed.slice(end + 1).replace(/\.[cm]?js$/, ""),
  };
}

interface PackageFacts {
  readonly version: string | undefined;
  /** Main files without extension. */
  readonly mains: ReadonlySet<string>;
}

interface Manifest {
  readonly version?: unknown;
  readonly main?: unknown;
  readonly module?: unknown;
  readonly exports?: unknown;
}

function mainsOf(manifest: Manifest): Set<string> {
  const files: unknown[] = [manifest.main ?? "index", manifest.module];
  const collect = (value: unknown, depth: number): void => {
    if (typeof value === "string") files.push(value);
    else if (typeof value === "object" && value !== null && depth < 6) {
      for (const each of Object.values(value)) collect(each, depth + 1);
    }
  };
  const { exports } = manifest;
  const dot = (exports as Record<string, unknown> | undefined)?.["."];
  collect(dot ?? (typeof exports === "string" ? exports : undefined), 0);
  const names = files.flatMap((file) =>
    typeof file === "string" ? [file.replace(/^\.\//, "").replace(/\.[cm]?js$/, "")] : [],
  );
  return new Set([...names, ...names.map((name) => `${name.replace(/\/$/, "")}/index`)]);
}

const facts = new Map<string, PackageFacts>();

function factsOf(folder: string): PackageFacts {
  let known = facts.get(folder);
  if (known === undefined) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
      const version = typeof manifest.version === "string" ? manifest.version : undefined;
      known = { version, mains: mainsOf(manifest) };
    } catch {
      known = { version: undefined, mains: new Set() };
    }
    facts.set(folder, known);
  }
  return known;
}

/** Finds and applies the patches of what loads. */
class Patcher {
  readonly #tracing: Tracing;
  readonly #instrumentations = new Map<string, (() => Instrumentation)[]>();
  readonly #started = new Set<Instrumentation>();

  constructor(
    tracing: Tracing,
    enabled: (name: string) => boolean,
    further: readonly Instrumentation[],
  ) {
    this.#tracing = tracing;
    for (const { module, name, part } of HOOKS) {
      if (!enabled(name)) continue;
      this.#add(
        module,
        () => (loadPart(part) as { instrumentation: Instrumentation }).instrumentation,
      );
    }
    for (const each of further) {
      if (each.modules === undefined || each.modules.length === 0) this.#start(each);
      for (const name of new Set(each.modules?.map(({ module }) => module))) {
        this.#add(name, () => each);
      }
    }
  }

  #add(module: string, make: () => Instrumentation): void {
    const list = this.#instrumentations.get(module);
    if (list === undefined) this.#instrumentations.set(module, [make]);
    else list.push(make);
  }

  #start(instrumentation: Instrumentation): void {
    if (this.#started.has(instrumentation)) return;
    this.#started.add(instrumentation);
    instrumentation.start?.(this.#tracing);
  }

  has(name: string): boolean {
    return this.#instrumentations.has(name);
  }

  get names(): readonly string[] {
    return [...this.#instrumentations.keys()];
  }

  /** Patches that want to see this file. */
  #patchesFor(place: Place): { patches: ModulePatch[]; loaded: LoadedModule } {
    const { version, mains } = factsOf(place.folder);
    const loaded = { name: place.name, version, folder: place.folder };
    const patches: ModulePatch[] = [];
    for (const make of this.#instrumentations.get(place.name) ?? []) {
      const instrumentation = make();
      for (const patch of instrumentation.modules ?? []) {
        const wanted = patch.file === undefined ? mains.has(place.file) : patch.file === place.file;
        if (patch.module !== place.name || !wanted) continue;
        if (inRange(version, patch.versions)) {
          this.#start(instrumentation);
          patches.push(patch);
        } else this.#report(loaded, "version_not_supported", patch.versions);
      }
    }
    return { patches, loaded };
  }

  #report(loaded: LoadedModule, outcome: HookReport["outcome"], detail?: string): void {
    const { name: module, version } = loaded;
    if (reports.some((each) => each.module === module && each.outcome === outcome)) return;
    reports.push({ module, version, outcome, ...(detail === undefined ? {} : { detail }) });
  }

  #apply(patch: ModulePatch, exports: Record<string, unknown>, loaded: LoadedModule): unknown {
    try {
      const replaced = patch.patch(exports, loaded, this.#tracing);
      this.#report(loaded, "patched");
      return replaced;
    } catch (error) {
      this.#report(loaded, "failed", error instanceof Error ? error.stack : String(error));
      complain(`${loaded.name} could not be instrumented: ${String(error)}`);
      return undefined;
    }
  }

  /** A CommonJS file has run; gives its exports, patched. */
  commonJs(place: Place, exports: Record<string, unknown>): Record<string, unknown> {
    const { patches, loaded } = this.#patchesFor(place);
    let current = exports;
    for (const patch of patches) {
      const replaced = this.#apply(patch, current, loaded);
      if (replaced !== undefined) current = replaced as Record<string, unknown>;
    }
    return current;
  }

  /** What to append to an ES module, or nothing. */
  appendix(url: string, place: Place): string {
    const { patches } = this.#patchesFor(place);
    const names = [...new Set(patches.flatMap(({ expose }) => expose ?? []))];
    if (patches.length === 0 || names.length === 0) return "";
    const members = names.map((name) => `get ${name}(){return ${name}},set ${name}(v){${name}=v}`);
    const show = `globalThis[Symbol.for("clew.show")]`;
    return `\n;${show}?.(${JSON.stringify(url)},{${members.join(",")}});\n`;
  }

  /** A line that was appended to an ES module runs. */
  esModule(url: string, exports: Record<string, unknown>): void {
    const place = placeOf(fileURLToPath(url));
    if (place === undefined) return;
    const { patches, loaded } = this.#patchesFor(place);
    for (const patch of patches) {
      if (patch.expose !== undefined) this.#apply(patch, exports, loaded);
    }
  }

  /** A module of Node is asked for. */
  builtin(name: string): boolean {
    const exports = process.getBuiltinModule(name) as unknown as Record<string, unknown>;
    const loaded: LoadedModule = { name, version: undefined, folder: "" };
    for (const make of this.#instrumentations.get(name) ?? []) {
      const instrumentation = make();
      this.#start(instrumentation);
      for (const patch of instrumentation.modules ?? []) {
        if (patch.module === name) this.#apply(patch, exports, loaded);
      }
    }
    return true;
  }

  /** Reports libraries that were loaded before the tracer. */
  reportEarly(): void {
    const cache = (nodeModule.Module as unknown as { _cache: object })._cache;
    for (const path of Object.keys(cache)) {
      const place = placeOf(path);
      if (place === undefined || !this.has(place.name)) continue;
      this.#report({ ...place, version: factsOf(place.folder).version }, "loaded_too_early");
    }
  }
}

function hookCommonJs(patcher: Patcher): () => void {
  const { prototype } = nodeModule.Module as unknown as ModuleClass;
  const { load } = prototype;
  const hooked = function loadAndShow(this: ModuleObject, filename: string): void {
    Reflect.apply(load, this, [filename]);
    const place = placeOf(filename);
    if (place === undefined || !patcher.has(place.name)) return;
    const { exports } = this;
    const patched = patcher.commonJs(place, exports);
    if (patched !== exports) this.exports = patched;
  };
  prototype.load = hooked;
  return () => {
    if (prototype.load === hooked) prototype.load = load;
  };
}

function text(source: Source): string {
  if (typeof source === "string") return source;
  return source === null || source === undefined
    ? ""
    : Buffer.from(source as Uint8Array).toString();
}

function hookLoader(patcher: Patcher): () => void {
  const { registerHooks, syncBuiltinESMExports } = nodeModule as unknown as HookedModule;
  if (registerHooks === undefined) return () => {};
  const seen = new Set<string>();
  const load = (url: string, context: { format?: string }, next: NextLoad): LoadResult => {
    const result = next(url, context);
    if (url.startsWith("node:")) {
      const name = url.slice(5);
      if (!patcher.has(name) || seen.has(name)) return result;
      seen.add(name);
      patcher.builtin(name);
      syncBuiltinESMExports();
      return result;
    }
    if (result.format !== "module" || !url.includes(FOLDER) || !url.startsWith("file:"))
      return result;
    const place = placeOf(fileURLToPath(url));
    if (place === undefined || !patcher.has(place.name)) return result;
    const appendix = patcher.appendix(url, place);
    return appendix === "" ? result : { ...result, source: text(result.source) + appendix };
  };
  const hooks = registerHooks.call(nodeModule, { load });
  return () => hooks.deregister();
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
