// Names a backend, so that what was meant for one is never sent to another.

import { createHash } from "node:crypto";
import type { ExportSettings } from "../config/settings.ts";

/** The same for all who send to the same backend in the same name; tells neither. */
export function backendKey({ url, headers }: ExportSettings): string {
  return createHash("sha256")
    .update(JSON.stringify([url, headers]))
    .digest("hex")
    .slice(0, 16);
}
