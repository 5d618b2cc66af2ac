// Tests that need what not every machine has say so: the reason ends up in the summary of `npm test`.

import type { TestContext } from "vitest";

declare module "vitest" {
  interface TaskMeta {
    skipReason?: string;
  }
}

/** Skips the running test, with a reason for the reader of the summary. */
export function skipBecause(context: TestContext, reason: string): never {
  context.task.meta.skipReason = reason;
  return context.skip(reason);
}
