// Builds packages/sdk/dist when its sources have changed since the last build: services under test load the
// tracer as users get it. Runs on Node 16 or later.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { hashOf } from "./web-build.mjs";
import { pinnedNode, root, toolEnvironment } from "./workspace.mjs";

const sdk = path.join(root, "packages", "sdk");
const stamp = path.join(sdk, "dist", ".sources");

function builtHash() {
  try {
    return fs.readFileSync(stamp, "utf8");
  } catch {
    return undefined;
  }
}

/** Builds the tracer where that is needed, in about a third of a second. Ends the process with 1 on failure. */
export function ensureSdkBuilt() {
  if (!fs.existsSync(path.join(sdk, "build.mjs"))) return;
  const wanted = hashOf(["packages/sdk"]);
  if (builtHash() === wanted) return;
  const options = { cwd: sdk, env: toolEnvironment(), encoding: "utf8" };
  const build = spawnSync(pinnedNode, ["build.mjs"], options);
  if (build.status !== 0) {
    process.stderr.write(
      `${build.stdout || ""}${build.stderr || ""}clew: the tracer did not build\n`,
    );
    process.exit(1);
  }
  fs.writeFileSync(stamp, wanted);
}
