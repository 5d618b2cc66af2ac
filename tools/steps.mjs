// The steps of `npm run check` and `npm test`, and how one is run: one line each with its time, and the
// output only of those that failed. Runs on Node 16 or later; the steps themselves run on the pinned one.

import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pinnedNode, root, toolEnvironment } from "./workspace.mjs";

const bin = (name) => path.join(root, "node_modules", ".bin", name);

/** Everything that is checked without running Clew: name, command, arguments. */
export const checks = [
  ["lock file", pinnedNode, ["tools/complete-lock.mjs"]],
  ["format", bin("biome"), ["check", "--linter-enabled=false", "--max-diagnostics=50", "."]],
  ["lint", bin("oxlint"), ["--type-aware"]],
  ["types", bin("tsc"), ["-p", "."]],
  ["types of the web UI", bin("tsc"), ["-p", "apps/web"]],
  ["layers", pinnedNode, ["tools/check-layers.ts"]],
  ["file sizes", pinnedNode, ["tools/check-size.ts"]],
  ["dead code", bin("knip"), ["--no-progress"]],
];

function seconds(sinceMs) {
  return `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;
}

function report(ok, name, sinceMs, note) {
  process.stdout.write(
    `${ok ? "ok    " : "FAILED"} ${name}${note ? `: ${note}` : ""} (${seconds(sinceMs)})\n`,
  );
}

const SHOWN_LINES = 100;

/** Prints what a failed step wrote; of very much only the end, where most tools have their summary. */
function show(output) {
  const lines = output.trimEnd().split("\n");
  const hidden = lines.length - SHOWN_LINES;
  if (hidden > 0) process.stdout.write(`... ${hidden} lines before\n`);
  process.stdout.write(`${lines.slice(-SHOWN_LINES).join("\n")}\n`);
}

/** Runs a command and resolves to its exit code and everything that it wrote. */
function run(command, args) {
  return new Promise((resolve) => {
    const env = { ...toolEnvironment(), NO_COLOR: "1", npm_config_loglevel: "error" };
    const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const take = (text) => {
      output += text;
    };
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", take);
    child.on("error", (error) => resolve({ code: 1, output: `${output}${error.message}\n` }));
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** Runs all checks; resolves to how many passed and failed. */
export async function runChecks() {
  const counts = { passed: 0, failed: 0 };
  for (const [name, command, args] of checks) {
    const startMs = Date.now();
    const { code, output } = await run(command, args);
    report(code === 0, name, startMs);
    if (code !== 0) show(output);
    counts[code === 0 ? "passed" : "failed"]++;
  }
  return counts;
}

/** The tests in vitest's own report that did not run, with the reason that they gave. */
function skippedTests(result) {
  const tests = result.testResults.flatMap((file) => file.assertionResults);
  const skipped = tests.filter((test) => test.status !== "passed" && test.status !== "failed");
  return skipped.map((test) => ({
    name: test.fullName,
    reason: test.meta && test.meta.skipReason,
  }));
}

/** Runs one vitest project; resolves to its counts and to the tests that were skipped. */
export async function runTests(name, project) {
  const startMs = Date.now();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "clew-test-"));
  const file = path.join(folder, "result.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const vitest = path.join(root, "node_modules", "vitest", "vitest.mjs");
  const { code, output } = await run(pinnedNode, [
    vitest,
    "run",
    "--project",
    project,
    ...reporters,
  ]);
  let result;
  try {
    result = JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    result = { numPassedTests: 0, numFailedTests: 0, testResults: [] };
  }
  fs.rmSync(folder, { recursive: true, force: true });
  const skipped = skippedTests(result);
  const passed = result.numPassedTests;
  // A file that does not load, or an error outside of any test, fails the run without a failed test.
  const failed = code === 0 ? result.numFailedTests : Math.max(1, result.numFailedTests);
  report(
    failed === 0,
    name,
    startMs,
    `${passed} passed, ${failed} failed, ${skipped.length} skipped`,
  );
  if (failed > 0) show(output);
  return { passed, failed, skipped };
}
