// What an answer cost, in brackets behind it.

import { formatBytes } from "@clew/base";
import type { ReadCost } from "@clew/model";

export function costText({ rows, bytes, milliseconds, plan }: ReadCost): string {
  const read =
    rows === 0 ? "" : `${rows.toLocaleString("en-US")} rows, ${formatBytes(bytes)} read in `;
  return `(${plan}: ${read}${Math.round(milliseconds)} ms)`;
}
