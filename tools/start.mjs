// Runs `clew` on the pinned Node, after installing and building what is missing. The machine's own Node
// runs this file only (16 or later). Usage: node tools/start.mjs serve | demo | load ... | --run <file.ts>

import { spawn } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { ensureSdkBuilt } from "./sdk-build.mjs";
import { ensureWebBuilt } from "./web-build.mjs";
import { ensureInstalled, pinnedNode, root, toolEnvironment } from "./workspace.mjs";

// chDB's statements and the spool's file writes wait on libuv's pool; its default of 4 threads starves them.
const THREAD_POOL = "24";
const REPEAT_MS = 1000;

function entryAndArgs(args) {
  if (args[0] !== "--run") return [path.join(root, "apps", "cli", "src", "main.ts"), ...args];
  if (!args[1]) {
    process.stderr.write("clew: --run needs a file\n");
    process.exit(2);
  }
  return [path.resolve(args[1]), ...args.slice(2)];
}

function showsUi(args) {
  return (
    args[0] === "serve" && !args.some((arg) => ["--print-config", "--help", "-h"].includes(arg))
  );
}

/** Passes signals on so that the child gets each one once, and resolves to its exit code. */
function follow(child) {
  const inTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  let lastMs = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      // A terminal's Ctrl-C reaches the child by itself, and npm sends what it gets once more.
      if (signal === "SIGINT" && inTerminal) return;
      const repeated = Date.now() - lastMs < REPEAT_MS;
      lastMs = Date.now();
      if (!repeated) child.kill(signal === "SIGHUP" ? "SIGTERM" : signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      resolve(code === null ? 128 + (os.constants.signals[signal] || 0) : code);
    });
  });
}

async function main() {
  const args = process.argv.slice(2);
  ensureInstalled();
  ensureSdkBuilt();
  if (showsUi(args)) ensureWebBuilt();
  const env = { UV_THREADPOOL_SIZE: THREAD_POOL, ...toolEnvironment() };
  const child = spawn(pinnedNode, entryAndArgs(args), { env, stdio: "inherit" });
  process.exitCode = await follow(child);
}

void main();
