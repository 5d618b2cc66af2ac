// Before 22.22.3, 24.11.1 and 25.1 a Node with load hooks runs the CommonJS files that ES modules import, and all that
// these require, by a loader of its own that nobody can patch, and that fails at packages which it loads
// without hooks (Express 4 and 5 among them: "request for './index.js' is not in cache"). There each such
// file is given a first statement that has Node's ordinary loader run it, as happens without hooks.

import { readFileSync } from "node:fs";
import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";
import { inRange } from "./versions.ts";

const ASIDE = "<22.22.3 || 23 || >=24 <24.11.1 || ~25.0";
const LOAD = Symbol.for("clew.load.commonjs");
/** The `require` of that other loader has no cache: where there is one, the file runs already as it shall. */
const STATEMENT = `if(!require.cache&&globalThis[Symbol.for("clew.load.commonjs")]?.(module))return;`;
const HASHBANG = /^#!.*/;
const BLANK_OR_COMMENT = /\s+|\/\/.*|\/\*[^]*?\*\//y;
const DIRECTIVE = /(["'])use strict\1/y;

interface ModuleObject {
  readonly filename: string;
}
interface OrdinaryLoader {
  _load(file: string, parent: undefined, isMain: boolean): unknown;
}

interface LoadedSource {
  readonly format: string;
  readonly source: string;
  readonly shortCircuit: true;
}

/** Whether the Node of this version is one of those. */
export function runsImportsAside(version: string): boolean {
  return inRange(version, ASIDE);
}

/** Whether the first statement, behind blanks and comments, is the directive. */
function isStrict(source: string): boolean {
  let at = 0;
  for (BLANK_OR_COMMENT.lastIndex = 0; BLANK_OR_COMMENT.test(source); ) {
    at = BLANK_OR_COMMENT.lastIndex;
  }
  DIRECTIVE.lastIndex = at;
  return DIRECTIVE.test(source);
}

/** `source` with the statement in front, on its first line: the lines of errors stay what they are. */
export function throughOrdinaryLoader(source: string): string {
  const hashbang = HASHBANG.exec(source)?.[0] ?? "";
  const rest = source.slice(hashbang.length);
  const directive = isStrict(rest) ? `"use strict";` : "";
  // A hashbang takes all of its line.
  if (hashbang !== "") return `${hashbang}${rest.replace("\n", `\n${directive}${STATEMENT}`)}`;
  return `${directive}${STATEMENT}${rest}`;
}

/**
 * What stands for a file of which an older kind of hook (`module.register`, as tsx has it) leaves the source to the
 * ordinary loader: these Nodes take that for an error of ours. `undefined` when `error` is another one.
 */
export function sourceless(url: string, error: unknown): LoadedSource | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  const left = code === "ERR_INVALID_RETURN_PROPERTY_VALUE" && message.includes('"source"');
  if (!left || !runsImportsAside(process.versions.node) || !url.startsWith("file:"))
    return undefined;
  const file = fileURLToPath(url);
  // Names of exports are found in what is given here; only plain files can be read for that.
  const source = /\.[cm]?js$/.test(file) ? readFileSync(file, "utf8") : "";
  return { format: "commonjs", source, shortCircuit: true };
}

/** Defines what the statement calls. */
export function offerOrdinaryLoader(): void {
  const begun = new WeakSet<ModuleObject>();
  const loader = nodeModule.Module as unknown as OrdinaryLoader;
  const load = (module: ModuleObject): boolean => {
    if (begun.has(module)) return false; // a function of the file is named `require`
    begun.add(module);
    loader._load(module.filename, undefined, process.mainModule === (module as unknown));
    return true;
  };
  Object.defineProperty(globalThis, LOAD, { configurable: true, value: load });
}
