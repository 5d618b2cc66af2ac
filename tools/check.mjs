// `npm run check`: everything that can be said about the code in a minute. Ends with 1 if anything failed.

import { ensureSdkBuilt } from "./sdk-build.mjs";
import { runChecks, runTests } from "./steps.mjs";
import { ensureInstalled } from "./workspace.mjs";

async function main() {
  ensureInstalled();
  ensureSdkBuilt();
  const checks = await runChecks();
  const unit = await runTests("unit tests", "unit");
  process.exitCode = checks.failed + unit.failed === 0 ? 0 : 1;
}

void main();
