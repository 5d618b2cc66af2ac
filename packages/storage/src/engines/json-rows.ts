// Answers in the engine's formats of a row a line (JSONCompactEachRow, and the same WithProgress), read while they
// arrive, so that a large answer is never one text. How large it may be is bounded: its rows are all in memory.

import { ClewError } from "@clew/base";

/** Bytes of one answer as text; about four times as much in memory. */
const MAX_BYTES = 128 * 1024 * 1024;
const NEWLINE = 10;

/** @throws ClewError `limit_exceeded` past `maxBytes`. */
export async function readJsonRows(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number = MAX_BYTES,
): Promise<unknown[][]> {
  const rows: unknown[][] = [];
  await forEachLine(chunks, maxBytes, (line) => rows.push(line as unknown[]));
  return rows;
}

/** Rows, and what the engine said between them of its progress. */
export interface CountedRows {
  readonly rows: unknown[][];
  readonly readRows: number;
  readonly readBytes: number;
}

/** A line of JSONCompactEachRowWithProgress; `meta` is left out. */
interface ProgressLine {
  readonly row?: unknown[];
  /** Sums so far. */
  readonly progress?: { readonly read_rows?: string; readonly read_bytes?: string };
}

/** @throws ClewError `limit_exceeded` past the bytes that an answer may have. */
export async function readCountedRows(chunks: AsyncIterable<Uint8Array>): Promise<CountedRows> {
  const rows: unknown[][] = [];
  let [readRows, readBytes] = [0, 0];
  await forEachLine(chunks, MAX_BYTES, (line) => {
    const { row, progress } = line as ProgressLine;
    if (row !== undefined) rows.push(row);
    readRows = Math.max(readRows, Number(progress?.read_rows ?? 0));
    readBytes = Math.max(readBytes, Number(progress?.read_bytes ?? 0));
  });
  return { rows, readRows, readBytes };
}

async function forEachLine(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
  take: (line: unknown) => void,
): Promise<void> {
  let rest: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    const end = chunk.lastIndexOf(NEWLINE);
    if (end < 0) {
      rest.push(chunk);
      continue;
    }
    parseLines([...rest, chunk.subarray(0, end)], take);
    rest = [chunk.subarray(end + 1)];
  }
  parseLines(rest, take);
}

/** Lines end where texts cannot: inside of JSON a line break is escaped. */
function parseLines(pieces: readonly Uint8Array[], take: (line: unknown) => void): void {
  const text = Buffer.concat(pieces).toString("utf8");
  if (text === "") return;
  for (const line of JSON.parse(`[${text.replaceAll("\n", ",")}]`) as unknown[]) take(line);
}

function tooLarge(maxBytes: number): ClewError {
  const message = `what was found is larger than ${Math.round(maxBytes / 1024 / 1024)} MiB`;
  return new ClewError("limit_exceeded", message, {
    hint: "ask for fewer traces, spans or fields at once, or for a shorter time range",
  });
}
