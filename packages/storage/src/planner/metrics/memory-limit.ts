// Tells the memory limit of a query from its other limits.

import { ClewError } from "@clew/base";

/** Whether a query failed because it needs more memory than it may have. */
export function isMemoryLimit(error: unknown): boolean {
  return (
    error instanceof ClewError &&
    error.code === "limit_exceeded" &&
    error.message.includes("memory")
  );
}
