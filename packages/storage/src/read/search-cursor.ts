// Where a page of search results ended, as an opaque text: base64url of JSON. It is checked on the way
// back in like any other input.

import { ClewError } from "@clew/base";

export interface SearchPosition {
  /** Start in nanoseconds since 1970 (newest) or duration in nanoseconds (slowest) of the matching span. */
  readonly value: bigint;
  /** 32 hex digits. */
  readonly traceId: string;
  /** Traces on all pages so far. */
  readonly shown: number;
}

export type SearchSort = "newest" | "slowest";

export function writeCursor(sort: SearchSort, position: SearchPosition): string {
  const fields = [1, sort, String(position.value), position.traceId, position.shown];
  return Buffer.from(JSON.stringify(fields)).toString("base64url");
}

/** @throws ClewError `bad_request` for anything that `writeCursor` did not make for this sort order. */
export function readCursor(sort: SearchSort, text: string): SearchPosition {
  const fields = parse(text);
  if (Array.isArray(fields) && fields.length === 5) {
    const [version, sorted, value, traceId, shown] = fields as unknown[];
    if (
      version === 1 &&
      sorted === sort &&
      typeof value === "string" &&
      /^-?\d{1,19}$/.test(value) &&
      typeof traceId === "string" &&
      /^[0-9a-f]{32}$/.test(traceId) &&
      typeof shown === "number" &&
      Number.isSafeInteger(shown) &&
      shown >= 0
    ) {
      const number = BigInt(value);
      if (BigInt.asIntN(64, number) === number) return { value: number, traceId, shown };
    }
  }
  throw new ClewError("bad_request", "the cursor is not one of this search", {
    hint: "pass the nextCursor of the page before, with the same sort order",
  });
}

function parse(text: string): unknown {
  if (text.length > 400 || !/^[A-Za-z0-9_-]+$/.test(text)) return undefined;
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
