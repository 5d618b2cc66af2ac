// What the store needs from a ClickHouse engine, be it chDB inside the process or a server. Both speak
// the same SQL; values travel as bound parameters `{name:Type}`, never in the text.

/** Value of a bound parameter; the type stands in the SQL placeholder. Arrays bind `Array(...)`. */
export type Parameter = string | number | bigint | boolean | readonly Parameter[];

/** Limits of one read; the engine stops the query and the call fails with `limit_exceeded` beyond them. */
export interface QueryLimits {
  readonly timeoutMs: number;
  readonly maxMemoryBytes: number;
  /** Uncompressed bytes of the columns that are read. */
  readonly maxBytesToRead: number;
  readonly maxRowsToRead?: number;
  /** Groups of a GROUP BY. The engine looks at each of its threads alone: a little more may come. */
  readonly maxGroups?: number;
  /** Where a limit is what earlier reads of a question have left: that of all its reads, which errors name. */
  readonly whole?: { readonly timeoutMs?: number; readonly maxBytesToRead?: number };
}

/** Limits of a read that has waited for its turn: the wait is part of its time. */
export function afterWaiting(limits: QueryLimits, waitedMs: number): QueryLimits {
  const { timeoutMs, whole } = limits;
  if (waitedMs < 1) return limits;
  return {
    ...limits,
    timeoutMs: Math.max(1, timeoutMs - waitedMs),
    whole: { ...whole, timeoutMs: whole?.timeoutMs ?? timeoutMs },
  };
}

/**
 * What the engine reads in half a minute when nothing else runs: other limits are met before, unless they
 * were raised.
 */
export const DEFAULT_MAX_BYTES_TO_READ: number = 100 * 1024 ** 3;

/** Bytes of one SELECT. A question of a thousand conditions on unscoped attributes stays below. */
export const MAX_STATEMENT: number = 2 * 1024 * 1024;

export interface ReadOptions {
  readonly parameters?: Readonly<Record<string, Parameter>>;
  readonly limits?: Partial<QueryLimits>;
  /** Extra settings, from code only. */
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly signal?: AbortSignal;
  /**
   * Hears what the query read, before the call ends, unless it read nothing. The embedded engine's count may lack
   * the last 32 milliseconds of work of a query that answers in many chunks, or in binary with nothing.
   */
  readonly onRead?: (rows: number, bytes: number) => void;
  /** Looks up a few facts, whatever the question: what it reads is not worth asking for. */
  readonly isLookup?: boolean;
}

/** Errors are ClewErrors: `limit_exceeded`, `cancelled`, `bad_request` (e.g. a regular expression RE2 refuses), `unavailable`, `internal`. */
export interface Engine {
  readonly kind: "chdb" | "clickhouse";
  /** Runs a SELECT read-only and yields RowBinary bytes in chunks that may end anywhere. */
  readBinary(sql: string, options?: ReadOptions): AsyncIterable<Uint8Array>;
  /** Runs a SELECT read-only and returns its rows (FORMAT JSONCompactEachRow, 64-bit integers as strings). */
  readRows(sql: string, options?: ReadOptions): Promise<unknown[][]>;
  /** Runs a statement that is not a SELECT. */
  command(sql: string): Promise<void>;
  /**
   * Inserts a file in Native format into a table, as one block with a deduplication token: the same token
   * again is a no-op. `path` is absolute. Resolves when the rows are durable.
   */
  insertNative(table: string, path: string, token: string): Promise<void>;
  close(): Promise<void>;
}
