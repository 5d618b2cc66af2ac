// Which package a file belongs to, and what the package says of itself.

import { readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = "/node_modules/";

/** A file of an installed package. */
export interface Place {
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

/** What is needed of a package.json. */
export interface PackageFacts {
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

/** The facts of the package in `folder`, read once. */
export function factsOf(folder: string): PackageFacts {
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
