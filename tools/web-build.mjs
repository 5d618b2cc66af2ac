// Builds apps/web/dist when its sources have changed since the last build. Runs on Node 16 or later.

import { spawnSync } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { root, toolEnvironment } from "./workspace.mjs";

const web = path.join(root, "apps", "web");
const stamp = path.join(web, "dist", ".sources");
const sources = [
  "package-lock.json",
  "tsconfig.base.json",
  "apps/web",
  "packages/base/src",
  "packages/model/src",
  "packages/codec/src",
  "packages/traceql/src",
  "packages/analysis/src",
];

function addFile(hash, file) {
  hash.update(`${path.relative(root, file)}\0`);
  hash.update(fs.readFileSync(file));
}

function addFolder(hash, folder) {
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const place = path.join(folder, entry.name);
    if (entry.name === "node_modules" || entry.name === "dist") continue;
    if (entry.isDirectory()) addFolder(hash, place);
    else if (!entry.name.includes(".test.")) addFile(hash, place);
  }
}

/** Hash of the files and folders `places`, by their paths in the repository. */
export function hashOf(places) {
  const hash = crypto.createHash("sha1");
  for (const source of places) {
    const place = path.join(root, source);
    if (!fs.existsSync(place)) continue;
    if (fs.statSync(place).isDirectory()) addFolder(hash, place);
    else addFile(hash, place);
  }
  return hash.digest("hex");
}

/** Hash of everything that the built UI depends on. */
export function sourcesHash() {
  return hashOf(sources);
}

function builtHash() {
  try {
    return fs.readFileSync(stamp, "utf8");
  } catch {
    return undefined;
  }
}

/** Builds the UI where that is needed. Ends the process with 1 when the build fails. */
export function ensureWebBuilt() {
  if (!fs.existsSync(path.join(web, "index.html"))) return;
  const wanted = sourcesHash();
  if (builtHash() === wanted) return;
  process.stdout.write("clew: building the web UI\n");
  const options = {
    cwd: root,
    env: toolEnvironment(),
    encoding: "utf8",
    shell: process.platform === "win32",
  };
  const build = spawnSync("npm", ["run", "--silent", "build", "-w", "@clew/web"], options);
  if (build.status !== 0) {
    process.stderr.write(
      `${build.stdout || ""}${build.stderr || ""}clew: the web UI did not build\n`,
    );
    process.exit(1);
  }
  fs.writeFileSync(stamp, wanted);
}
