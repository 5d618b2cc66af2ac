// Builds dist/: the tracer as CommonJS, since `require` is what can load a part of it synchronously on first
// need, and thin ES modules in front of it, so that both kinds of importers share one tracer. `--no-types`
// leaves the declarations out, which nobody needs who only runs it.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
// Built beside and put in place at the end: services that run meanwhile always find a whole tracer.
const made = join(here, "node_modules", `.build-${process.pid}`);
const before = `${made}-before`;
const PUBLIC = ["index", "register", "messaging", "testing"];

/** Parts that load on first need: each file of these folders is an entry of its own. */
function partEntries() {
  const parts = readdirSync(join(here, "src", "parts"))
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => name.slice(0, -3));
  return Object.fromEntries(
    parts.map((name) => [`parts/${name}`, join(here, "src", "parts", `${name}.ts`)]),
  );
}

async function bundle() {
  const entries = Object.fromEntries(PUBLIC.map((name) => [name, join(here, "src", `${name}.ts`)]));
  const build = await rolldown({
    input: { ...entries, ...partEntries() },
    platform: "node",
    external: [/^node:/, /^@opentelemetry\//],
    transform: {
      define: { CLEW_BUILT: "true" },
      // The DOM of test runners knows neither.
      inject: {
        TextDecoder: ["node:util", "TextDecoder"],
        TextEncoder: ["node:util", "TextEncoder"],
      },
      target: "node22",
    },
    treeshake: { moduleSideEffects: (id) => id.includes("/sdk/src/") },
    logLevel: "warn",
  });
  await build.write({
    dir: made,
    format: "cjs",
    exports: "named",
    entryFileNames: "[name].cjs",
    chunkFileNames: "chunk-[hash].cjs",
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: false } },
  });
  await build.close();
}

/**
 * Makes the files fit for bundlers, those that make ES modules too: parts are required by plain texts, and
 * modules of Node without `require`, which such a bundle does not have.
 */
function makeBundleable() {
  const table = Object.keys(partEntries()).map(
    (part) => `${JSON.stringify(part.slice(6))}: () => require("./${part}.cjs")`,
  );
  for (const name of readdirSync(made, { recursive: true })) {
    if (!name.endsWith(".cjs")) continue;
    const file = join(made, name);
    const text = readFileSync(file, "utf8")
      .replaceAll(/\brequire\("(node:[a-z_/\d]+)"\)/g, 'process.getBuiltinModule("$1")')
      // As it is now, which is what an import would hold: fakes of a test replace the module's own functions.
      .replaceAll(
        'process.getBuiltinModule("node:timers")',
        '({ ...process.getBuiltinModule("node:timers") })',
      )
      .replaceAll(
        'require("url").pathToFileURL(__filename).href',
        `(typeof __filename === "string" ? process.getBuiltinModule("node:url").pathToFileURL(__filename).href : "file:///bundle")`,
      )
      .replaceAll(/\bCLEW_PARTS\b/g, `({ ${table.join(", ")} })`);
    writeFileSync(file, text);
  }
}

function writeModules() {
  for (const name of PUBLIC) {
    // Loading `register` would start the tracer, and it exports nothing.
    const load = createRequire(import.meta.url);
    const names = name === "register" ? [] : Object.keys(load(join(made, `${name}.cjs`)));
    const list = names.length === 0 ? "" : `export const { ${names.join(", ")} } = all;\n`;
    const from = list === "" ? "import" : "import all from";
    writeFileSync(join(made, `${name}.mjs`), `${from} "./${name}.cjs";\n${list}`);
  }
  writeFileSync(join(made, "package.json"), `{ "type": "commonjs" }\n`);
}

/** Packages of this repository whose types the test kit shows: nobody else can install them. */
const SHOWN = ["base", "model", "analysis"];

function declare(...args) {
  const tsc = join(here, "..", "..", "node_modules", ".bin", "tsc");
  const config = ["-p", join(here, "tsconfig.build.json")];
  const { status } = spawnSync(tsc, [...config, ...args], { stdio: "inherit" });
  if (status !== 0) throw new Error("the declarations did not build");
}

function writeTypes() {
  const types = join(made, "types");
  declare("--outDir", types);
  for (const name of SHOWN) {
    const config = join(made, `tsconfig.${name}.json`);
    const source = join(here, "..", name, "src");
    const all = { extends: join(here, "tsconfig.build.json"), files: [join(source, "index.ts")] };
    writeFileSync(config, JSON.stringify(all));
    declare("-p", config, "--rootDir", source, "--outDir", join(types, name));
    rmSync(config);
  }
  const needed = new Set();
  for (const name of PUBLIC) needTypes(join(types, `${name}.d.ts`), needed);
  for (const name of readdirSync(types, { recursive: true })) {
    if (name.endsWith(".d.ts") && !needed.has(join(types, name))) rmSync(join(types, name));
  }
}

/** Adds a file of declarations and all that it imports, and lets it name what it imports by its path. */
function needTypes(file, needed) {
  if (needed.has(file)) return;
  needed.add(file);
  const own = readFileSync(file, "utf8").replaceAll(/"@clew\/([a-z]+)"/g, (_, name) => {
    const path = relative(dirname(file), join(made, "types", name, "index.ts")).replaceAll(
      "\\",
      "/",
    );
    return `"${path.startsWith(".") ? path : `./${path}`}"`;
  });
  writeFileSync(file, own);
  for (const [, path] of own.matchAll(/(?:from |import\()"(\.[^"]+)\.ts"/g)) {
    needTypes(join(dirname(file), `${path}.d.ts`), needed);
  }
}

try {
  await bundle();
  makeBundleable();
  writeModules();
  if (!process.argv.includes("--no-types")) writeTypes();
  if (existsSync(dist)) renameSync(dist, before);
  renameSync(made, dist);
} finally {
  rmSync(made, { recursive: true, force: true });
  rmSync(before, { recursive: true, force: true });
}
