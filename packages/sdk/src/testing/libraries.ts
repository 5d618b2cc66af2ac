// The same small program in both module systems, with the real libraries of this workspace in its reach.

import { cpSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Ending, type Place, runProgram } from "./program.ts";

/** Both ways a program can be written. */
export const MODULE_SYSTEMS = ["cjs", "mjs"] as const;

export type ModuleSystem = (typeof MODULE_SYSTEMS)[number];

/** What stands before `from`, such as `{ Pool }` or `express`, by module. */
export type Imports = Readonly<Record<string, string>>;

function folderOf(library: string): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const found = join(folder, "node_modules", library);
    if (existsSync(found)) return found;
    if (dirname(folder) === folder) throw new Error(`${library} is not installed`);
    folder = dirname(folder);
  }
}

/** Lets programs of `place` import the libraries; a copy under another name stands for an older version. */
export function provide(place: Place, libraries: readonly string[]): void {
  for (const library of libraries) {
    const target = join(place.folder, "node_modules", library);
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(folderOf(library), target);
  }
}

/** Lets programs of `place` import the package installed as `alias` under its own name. */
export function provideAs(place: Place, alias: string, name: string): void {
  const folder = folderOf(alias);
  cpSync(folder, join(place.folder, "node_modules", name), { recursive: true, dereference: true });
  place.env["NODE_PATH"] = dirname(folder);
}

/** A program that imports and then runs `body`, which may await. */
export function written(kind: ModuleSystem, imports: Imports, body: string): string {
  const heads = Object.entries(imports).map(([module, names]) =>
    kind === "mjs"
      ? `import ${names} from ${JSON.stringify(module)};`
      : `const ${names.replace("* as ", "")} = require(${JSON.stringify(module)});`,
  );
  return `${heads.join("\n")}\n(async () => {\n${body}\n})();\n`;
}

/** Runs a program to its end. */
export function run(
  place: Place,
  kind: ModuleSystem,
  imports: Imports,
  body: string,
): Promise<Ending> {
  return runProgram(place, kind, written(kind, imports, body));
}
