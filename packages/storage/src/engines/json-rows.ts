// Answers in the engine's format JSONCompactEachRow: a row a line, read while they arrive, so that a large answer
// is never one text. How large it may be is bounded: its rows are all in memory.

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
    parseLines([...rest, chunk.subarray(0, end)], rows);
    rest = [chunk.subarray(end + 1)];
  }
  parseLines(rest, rows);
  return rows;
}

/** Lines end where texts cannot: inside of JSON a line break is escaped. */
function parseLines(pieces: readonly Uint8Array[], rows: unknown[][]): void {
  const text = Buffer.concat(pieces).toString("utf8");
  if (text === "") return;
  for (const row of JSON.parse(`[${text.replaceAll("\n", ",")}]`) as unknown[][]) rows.push(row);
}

function tooLarge(maxBytes: number): ClewError {
  const message = `what was found is larger than ${Math.round(maxBytes / 1024 / 1024)} MiB`;
  return new ClewError("limit_exceeded", message, {
    hint: "ask for fewer traces, spans or fields at once, or for a shorter time range",
  });
}
