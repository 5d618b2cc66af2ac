// Finds and applies the patches of the libraries that load, and keeps account of what became of each.

import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";
import { complain } from "../complaints.ts";
import { loadPart } from "../load-part.ts";
import { HOOKS } from "./hooks.ts";
import type { Instrumentation, LoadedModule, ModulePatch, Tracing } from "./instrumentation.ts";
import { factsOf, type Place, placeOf } from "./package-facts.ts";
import { inRange } from "./versions.ts";

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

/** Finds and applies the patches of what loads. */
export class Patcher {
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
