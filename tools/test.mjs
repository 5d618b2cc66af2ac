// `npm test`: all checks, unit tests, and tests of the running server and its UI. The last line counts checks
// and tests: `N passed, N failed`, and `, N skipped` where the machine lacks something, with the reasons before.

import { ensureSdkBuilt } from "./sdk-build.mjs";
import { runChecks, runTests } from "./steps.mjs";
import { ensureWebBuilt } from "./web-build.mjs";
import { ensureInstalled } from "./workspace.mjs";

async function main() {
  ensureInstalled();
  ensureSdkBuilt();
  ensureWebBuilt();
  const checks = await runChecks();
  const unit = await runTests("unit tests", "unit");
  const e2e = await runTests("end-to-end tests", "e2e");
  const skipped = [...unit.skipped, ...e2e.skipped];
  for (const { name, reason } of skipped) {
    process.stdout.write(`skipped: ${name}${reason ? ` (${reason})` : ""}\n`);
  }
  const passed = checks.passed + unit.passed + e2e.passed;
  const failed = checks.failed + unit.failed + e2e.failed;
  const tail = skipped.length > 0 ? `, ${skipped.length} skipped` : "";
  process.stdout.write(`${passed} passed, ${failed} failed${tail}\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

void main();
