// Loaded first into every Node process that `clew doctor` watches (NODE_OPTIONS=--require): writes down which packages
// are loaded, and when. Runs in whatever Node the program has, so it is plain and old-fashioned, and nothing in
// it may throw.
"use strict";

const fs = require("node:fs");
const nodeModule = require("node:module");
const path = require("node:path");
const { fileURLToPath } = require("node:url");
const { isMainThread } = require("node:worker_threads");

const EVERY_MS = 500;
const FOLDER = `${path.sep}node_modules${path.sep}`;
const folder = process.env.CLEW_DOCTOR_FOLDER;
const packages = new Map();
let last = "";

function note(file) {
  const at = file.lastIndexOf(FOLDER);
  if (at < 0) return;
  const parts = file.slice(at + FOLDER.length).split(path.sep);
  const name = parts[0].startsWith("@") ? `${parts[0]}/${parts[1]}` : parts[0];
  const home = file.slice(0, at + FOLDER.length) + name.split("/").join(path.sep);
  if (!packages.has(home)) packages.set(home, { name, folder: home, ms: performance.now() });
}

/** Modules that no hook has shown: those of Node versions without hooks. */
function noteCache() {
  for (const file of Object.keys(require.cache)) note(file);
}

function write() {
  try {
    noteCache();
    const facts = {
      pid: process.pid,
      node: process.versions.node,
      argv: process.argv,
      execArgv: process.execArgv,
      cwd: process.cwd(),
      packages: [...packages.values()],
    };
    const text = JSON.stringify(facts);
    if (text === last) return;
    last = text;
    const file = path.join(folder, `process-${process.pid}.json`);
    fs.writeFileSync(`${file}.part`, text);
    fs.renameSync(`${file}.part`, file);
  } catch {
    // The program goes on whatever becomes of our notes.
  }
}

function watch() {
  if (typeof nodeModule.registerHooks === "function") {
    nodeModule.registerHooks({
      resolve(specifier, context, next) {
        const result = next(specifier, context);
        try {
          if (result.url.startsWith("file:")) note(fileURLToPath(result.url));
        } catch {
          // As above.
        }
        return result;
      },
    });
  }
  write();
  setInterval(write, EVERY_MS).unref();
  process.on("exit", write);
}

if (folder !== undefined && isMainThread) watch();
