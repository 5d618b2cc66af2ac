// What every command of the repository needs first: the packages of package-lock.json, and the Node
// that they bring along. Runs on whatever Node the machine has (16 or later): no newer syntax or calls.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of the repository. */
export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const modules = path.join(root, "node_modules");

/** The Node that Clew runs on, pinned in package.json. */
export const pinnedNode = path.join(modules, "node", "bin", "node");

/** Environment in which `node` is the pinned one and the tools of node_modules/.bin are found. */
export function toolEnvironment() {
  const names = Object.keys(process.env);
  const pathName = names.find((name) => name.toLowerCase() === "path") || "PATH";
  const own = path.join(modules, ".bin");
  return { ...process.env, [pathName]: `${own}${path.delimiter}${process.env[pathName] || ""}` };
}

function readPackages(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")).packages;
  } catch {
    return undefined; // absent, or cut off by an interrupted install
  }
}

/** Why the packages must be installed, or undefined when they are those of package-lock.json. */
export function installReason() {
  if (!fs.existsSync(modules)) return "first run";
  // npm writes this file as the last step of an install, so it tells what is really there.
  const installed = readPackages(path.join(modules, ".package-lock.json"));
  if (!installed) return "the last install did not finish";
  if (!fs.existsSync(pinnedNode)) return "the pinned Node is missing";
  const locked = readPackages(path.join(root, "package-lock.json"));
  for (const place of Object.keys(locked)) {
    const wanted = locked[place];
    if (!place.startsWith("node_modules/") || wanted.link) continue;
    const found = installed[place];
    if (found ? found.version !== wanted.version : !wanted.optional)
      return "package-lock.json has changed";
  }
  return undefined;
}

// Warnings that a newer Node is wanted are about the machine's Node, which runs none of the packages.
function npm(args) {
  const quiet = ["--loglevel=error", "--no-audit", "--no-fund"];
  const options = { cwd: root, stdio: "inherit", shell: process.platform === "win32" };
  return spawnSync("npm", [...args, ...quiet], options).status === 0;
}

/** Installs the packages where that is needed. Ends the process with 1 when npm cannot. */
export function ensureInstalled() {
  const reason = installReason();
  if (reason === undefined) return;
  process.stdout.write(`clew: installing packages (${reason}; about 300 packages, 1 GB on disk)\n`);
  // An existing folder is brought up to date in place, which is faster and kinder to running processes.
  const done = fs.existsSync(modules) ? npm(["install", "--no-save"]) : npm(["ci"]);
  if (done && fs.existsSync(pinnedNode)) return;
  process.stderr.write("clew: npm could not install the packages; its message is above\n");
  if (done) {
    process.stderr.write(
      "clew: the package `node` has no binary: allow its install script (npm config ignore-scripts)\n",
    );
  }
  process.exit(1);
}
