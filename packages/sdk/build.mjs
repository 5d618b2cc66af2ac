// Builds dist/: the tracer as CommonJS, since `require` is what can load a part of it synchronously on first
// need, and thin ES modules in front of it, so that both kinds of importers share one tracer. `--no-types`
// leaves the declarations out, which nobody needs who only runs it.

import { spawnSync } from "node:child_process";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const PUBLIC = ["index", "register", "testing"];

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
    transform: { define: { CLEW_BUILT: "true" }, target: "node22" },
    treeshake: { moduleSideEffects: (id) => id.includes("/sdk/src/") },
    logLevel: "warn",
  });
  await build.write({
    dir: dist,
    format: "cjs",
    exports: "named",
    entryFileNames: "[name].cjs",
    chunkFileNames: "chunk-[hash].cjs",
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: false } },
  });
  await build.close();
}

function writeModules() {
  for (const name of PUBLIC) {
    // Loading `register` would start the tracer, and it exports nothing.
    const load = createRequire(import.meta.url);
    const names = name === "register" ? [] : Object.keys(load(join(dist, `${name}.cjs`)));
    const list = names.length === 0 ? "" : `export const { ${names.join(", ")} } = all;\n`;
    const from = list === "" ? "import" : "import all from";
    writeFileSync(join(dist, `${name}.mjs`), `${from} "./${name}.cjs";\n${list}`);
  }
  writeFileSync(join(dist, "package.json"), `{ "type": "commonjs" }\n`);
}

function writeTypes() {
  const tsc = join(here, "..", "..", "node_modules", ".bin", "tsc");
  const made = spawnSync(tsc, ["-p", join(here, "tsconfig.build.json")], { stdio: "inherit" });
  if (made.status !== 0) process.exit(1);
}

rmSync(dist, { recursive: true, force: true });
await bundle();
writeModules();
if (!process.argv.includes("--no-types")) writeTypes();
