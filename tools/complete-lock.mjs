// Adds to package-lock.json the optional packages of other platforms that npm left out. npm writes only
// those that it could read while it installed (npm/cli#4828), and `npm ci` then refuses the lock file
// on every machine. An added entry pins the version; its hash is absent until npm itself writes it.
// Usage: node tools/complete-lock.mjs          (says what is missing; exit code 1 when something is)
//        node tools/complete-lock.mjs --write  (adds it)

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const lockPath = path.join(root, "package-lock.json");

const OS = [
  "aix",
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "win32",
];
const CPU = ["arm64", "arm", "x64", "ia32", "ppc64", "riscv64", "s390x", "loong64", "wasm32"];

/** Platform limits read off a package name such as `@scope/binding-linux-arm64-musl`. */
function platformOf(name) {
  const words = name.replace(/^@[^/]+\//, "").split("-");
  const limits = {};
  const os = OS.find((word) => words.includes(word));
  const cpu = CPU.find((word) => words.includes(word));
  if (cpu) limits.cpu = [cpu];
  if (words.includes("musl") || words.includes("musleabihf")) limits.libc = ["musl"];
  if (words.includes("gnu") || words.includes("gnueabihf")) limits.libc = ["glibc"];
  if (os) limits.os = [os];
  return limits;
}

/** Entries that `npm ci` would miss in `packages`, by their place in the tree. */
export function missingOptional(packages) {
  const missing = new Map();
  for (const [place, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const nested = `${place}/node_modules/${name}`;
      const top = `node_modules/${name}`;
      if (packages[nested] || packages[top] || !/^\d/.test(version)) continue;
      const { os, cpu, libc } = platformOf(name);
      const dev = entry.dev ? true : undefined; // the order is npm's own, undefined is left out
      missing.set(top, { version, cpu, dev, libc, optional: true, os });
    }
  }
  return missing;
}

function main() {
  const lock = JSON.parse(fs.readFileSync(lockPath, "utf8"));
  const missing = missingOptional(lock.packages);
  if (missing.size === 0) return;
  if (!process.argv.includes("--write")) {
    process.stdout.write(
      `package-lock.json lacks ${missing.size} optional packages of other platforms:\n`,
    );
    for (const place of missing.keys()) process.stdout.write(`  ${place}\n`);
    process.stdout.write("run: node tools/complete-lock.mjs --write\n");
    process.exitCode = 1;
    return;
  }
  for (const [place, entry] of missing) lock.packages[place] = entry;
  const places = Object.keys(lock.packages).sort((a, b) => a.localeCompare(b, "en"));
  lock.packages = Object.fromEntries(places.map((place) => [place, lock.packages[place]]));
  fs.writeFileSync(lockPath, `${JSON.stringify(lock, null, 2)}\n`);
  process.stdout.write(`added ${missing.size} optional packages to package-lock.json\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
