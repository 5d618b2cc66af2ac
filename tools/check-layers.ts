// Checks that imports point downward only, that packages are entered by name through their exports, and
// that no package imports itself in a circle. The table below is the architecture; change it knowingly.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

/** What each workspace folder may import of the others, by package name without `@clew/`. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  "packages/base": [],
  "packages/model": ["base"],
  "packages/codec": ["base", "model"],
  "packages/traceql": ["base", "model"],
  "packages/analysis": ["base", "model"],
  "packages/sdk": ["base", "model", "codec", "analysis"],
  "packages/storage": ["base", "model", "codec", "traceql", "analysis"],
  "packages/collector": ["base", "model", "codec", "analysis", "storage"],
  "packages/api": ["base", "model", "codec", "traceql", "analysis", "storage"],
  "apps/web": ["base", "model", "codec", "traceql", "analysis"],
  "apps/server": ["base", "model", "codec", "traceql", "analysis", "storage", "collector", "api"],
  "apps/cli": ["base", "model", "codec", "traceql", "analysis", "server"],
  "examples/shop": ["base", "sdk"],
  bench: ["base", "model", "codec", "traceql", "analysis", "storage", "collector", "cli"],
  e2e: ["base", "model", "codec", "cli"],
};

/** One source file: its path from the repository's root with `/`, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Names that a package may be entered by, such as `@clew/cli/load`. */
export type PackageEntries = ReadonlySet<string>;

const IMPORT =
  /^[ \t]*(?:import|export)\b[^;'"]*?\bfrom\s*"([^"]+)"|^[ \t]*import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm;

function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

function ownerOf(path: string): string | undefined {
  return Object.keys(allowed).find((folder) => path.startsWith(`${folder}/`));
}

function packageImportProblem(
  owner: string,
  name: string,
  entries: PackageEntries,
): string | undefined {
  const target = name.split("/")[1] ?? "";
  const own = owner.split("/").at(-1);
  if (target !== own && !(allowed[owner] ?? []).includes(target))
    return `${owner} may not import @clew/${target}`;
  if (!entries.has(name)) return `${name} is not among the exports of @clew/${target}`;
  return undefined;
}

/** Problems of all `files` as lines to print, empty when there are none. */
export function checkLayers(files: readonly SourceFile[], entries: PackageEntries): string[] {
  const problems: string[] = [];
  const edges = new Map<string, string[]>();
  for (const { path, text } of files) {
    const owner = ownerOf(path);
    if (owner === undefined) {
      problems.push(`${path}: this folder is not in the table of tools/check-layers.ts`);
      continue;
    }
    for (const name of importsOf(text)) {
      if (name.startsWith("@clew/")) {
        const problem = packageImportProblem(owner, name, entries);
        if (problem !== undefined) problems.push(`${path}: ${problem}`);
      } else if (name.startsWith(".")) {
        const target = normalize(join(dirname(path), name)).replaceAll("\\", "/");
        if (target.startsWith(`${owner}/`)) edges.set(path, [...(edges.get(path) ?? []), target]);
        else problems.push(`${path}: ${name} leaves ${owner}; enter a package by its name`);
      }
    }
  }
  return [...problems, ...cycles(edges)];
}

function cycles(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push(`import cycle: ${[...trail.slice(start), path].join(" -> ")}`);
    if (start >= 0 || done.has(path)) return;
    trail.push(path);
    for (const next of edges.get(path) ?? []) visit(next);
    trail.pop();
    done.add(path);
  };
  for (const path of edges.keys()) visit(path);
  return found;
}

function sourceFiles(root: string): SourceFile[] {
  return Object.keys(allowed).flatMap((folder) => {
    const all = safeList(join(root, folder));
    const sources = all.filter(
      (path) => /\.(ts|tsx|mts)$/.test(path) && !/(^|\/)(node_modules|dist)\//.test(path),
    );
    return sources.map((path) => ({
      path: `${folder}/${path}`,
      text: readFileSync(join(root, folder, path), "utf8"),
    }));
  });
}

function safeList(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) =>
      path.replaceAll("\\", "/"),
    );
  } catch {
    return []; // a package of the table that does not exist yet
  }
}

function packageEntries(root: string): PackageEntries {
  const entries = new Set<string>();
  for (const folder of Object.keys(allowed)) {
    let text: string;
    try {
      text = readFileSync(join(root, folder, "package.json"), "utf8");
    } catch {
      continue; // a package of the table that does not exist yet
    }
    const { name, exports = {} } = JSON.parse(text) as {
      name: string;
      exports?: Record<string, string>;
    };
    for (const key of Object.keys(exports)) entries.add(name + key.slice(1));
  }
  return entries;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const problems = checkLayers(sourceFiles(root), packageEntries(root));
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
