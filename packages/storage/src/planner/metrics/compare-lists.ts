// Spans that were found, as lists of keys that one query after another names: by minutes, so that each query reads
// the rows of its own minutes only.

import type { MatchedSpans } from "../traces/matched-spans.ts";
import type { ListedSpans } from "./compare-sql.ts";

/** Spans of a list. The embedded engine reads their keys on the thread that asks, 40 ms for so many. */
const MAX_LISTED = 30_000;
const MINUTE_NANO = 60_000_000_000n;

type Found = Pick<MatchedSpans, "length" | "keys" | "startNano">;

/** Equal keys come in one list: a query counts all rows that have one of its keys. */
export function* listSpans(
  spans: Found,
  isSelected: (row: number) => boolean,
): Generator<ListedSpans> {
  const { rows, minutes } = byMinute(spans);
  const keyAt = (at: number): bigint => spans.keys[rows[at] as number] as bigint;
  for (let from = 0; from < rows.length; ) {
    let to = Math.min(rows.length, from + MAX_LISTED);
    while (to < rows.length && keyAt(to) === keyAt(to - 1)) to++;
    yield listOf(spans, rows.subarray(from, to), minutes, isSelected);
    from = to;
  }
}

function listOf(
  { keys }: Found,
  rows: Uint32Array,
  minutes: Float64Array,
  isSelected: (row: number) => boolean,
): ListedSpans {
  const selected = new BigUint64Array(rows.length);
  const others = new BigUint64Array(rows.length);
  const found = new Set<number>();
  let [s, o] = [0, 0];
  for (const row of rows) {
    if (isSelected(row)) selected[s++] = keys[row] as bigint;
    else others[o++] = keys[row] as bigint;
    found.add(minutes[row] as number);
  }
  return { minutes: [...found], selected: selected.subarray(0, s), others: others.subarray(0, o) };
}

/** The minute of each row, and the rows by minute, each minute's in the order they had. */
function byMinute({ length, startNano }: Found): { rows: Uint32Array; minutes: Float64Array } {
  const minutes = new Float64Array(length);
  const ends = new Map<number, number>();
  for (let row = 0; row < length; row++) {
    const minute = Number((startNano[row] as bigint) / MINUTE_NANO);
    minutes[row] = minute;
    ends.set(minute, (ends.get(minute) ?? 0) + 1);
  }
  let begin = 0;
  for (const minute of [...ends.keys()].sort((a, b) => a - b)) {
    const count = ends.get(minute) ?? 0;
    ends.set(minute, begin);
    begin += count;
  }
  const rows = new Uint32Array(length);
  for (let row = 0; row < length; row++) {
    const at = ends.get(minutes[row] as number) as number;
    rows[at] = row;
    ends.set(minutes[row] as number, at + 1);
  }
  return { rows, minutes };
}
