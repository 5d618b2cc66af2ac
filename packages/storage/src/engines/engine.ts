// What the store needs from a ClickHouse engine, be it chDB inside the process or a server. Both speak
// the same SQL; values travel as bound parameters `{name:Type}`, never in the text.

/** Value of a bound parameter; the type stands in the SQL placeholder. Arrays bind `Array(...)`. */
export type Parameter = string | number | bigint | boolean | readonly Parameter[];

/** Limits of one read; the engine stops the query and the call fails with `limit_exceeded` beyond them. */
export interface QueryLimits {
  readonly timeoutMs: number;
  readonly maxMemoryBytes: number;
  readonly maxRowsToRead?: number;
}

/** Bytes of one SELECT. A question of a thousand conditions on unscoped attributes stays below. */
export const MAX_STATEMENT: number = 2 * 1024 * 1024;

export interface ReadOptions {
  readonly parameters?: Readonly<Record<string, Parameter>>;
  readonly limits?: Partial<QueryLimits>;
  /** Extra settings, from code only. */
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly signal?: AbortSignal;
  /** Hears what the query read. A ClickHouse server tells; the embedded engine does not, its streams have no count. */
  readonly onRead?: (rows: number, bytes: number) => void;
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
