// The end of the process.

import type { Core } from "../core.ts";

/** Watches for it; returns what stops watching. */
export function watchExit(_core: Core): () => void {
  return () => {};
}
