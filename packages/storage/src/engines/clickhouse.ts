// The same contract against a ClickHouse server or cluster over HTTP, through @clickhouse/client. Answers
// are buffered by the server until the query has ended (wait_end_of_query), because an error in the middle
// of a streamed HTTP answer would look like data.

import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { ClewError } from "@clew/base";
import { type ClickHouseClient, type ClickHouseSettings, createClient } from "@clickhouse/client";
import {
  afterWaiting,
  DEFAULT_MAX_BYTES_TO_READ,
  type Engine,
  MAX_STATEMENT,
  type QueryLimits,
  type ReadOptions,
} from "./engine.ts";
import { engineError, timeError } from "./engine-error.ts";
import { readJsonRows } from "./json-rows.ts";
import { identifier, tokenLiteral } from "./parameters.ts";
import { cancelledError, MAX_WAITING, WaitQueue } from "./wait-queue.ts";

export interface ClickHouseOptions {
  /** e.g. `http://clickhouse:8123`. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Must exist; `default` unless given. */
  readonly database?: string;
  /** Reads that run at once; 16 unless given. */
  readonly readers?: number;
  /** Questions that may wait for their first read; `MAX_WAITING` unless given. */
  readonly maxWaiting?: number;
  /** Default limits of a read: 30 s and 4 GiB unless given. */
  readonly limits?: Partial<QueryLimits>;
}

const DEFAULT_LIMITS: QueryLimits = {
  timeoutMs: 30_000,
  maxMemoryBytes: 4 * 1024 ** 3,
  maxBytesToRead: DEFAULT_MAX_BYTES_TO_READ,
};
const GRACE_MS = 2_000;
const INSERT_TIMEOUT_MS = 120_000;

/** Connects and checks that the server answers. @throws ClewError `unavailable` when it does not. */
export async function openClickHouseEngine(options: ClickHouseOptions): Promise<Engine> {
  const client = createClient({
    url: options.url,
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(options.password === undefined ? {} : { password: options.password }),
    database: options.database ?? "default",
    application: "clew",
    request_timeout: INSERT_TIMEOUT_MS,
    max_open_connections: (options.readers ?? 16) + 8,
    compression: { request: false, response: false },
  });
  const engine = new ClickHouseEngine(client, options);
  try {
    await engine.readRows("SELECT 1");
    return engine;
  } catch (error) {
    await client.close();
    throw new ClewError(
      "unavailable",
      `ClickHouse at ${new URL(options.url).origin} does not answer as asked`,
      {
        cause: error,
        hint: "check the address, the user and the database",
        retryAfterMs: 2000,
      },
    );
  }
}

class ClickHouseEngine implements Engine {
  readonly kind = "clickhouse";
  readonly #client: ClickHouseClient;
  readonly #slots: WaitQueue<number>;
  readonly #limits: QueryLimits;

  constructor(client: ClickHouseClient, options: ClickHouseOptions) {
    this.#client = client;
    const slots = Array.from({ length: options.readers ?? 16 }, (_, slot) => slot);
    this.#slots = new WaitQueue(slots, options.maxWaiting ?? MAX_WAITING, "queries");
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
  }

  readBinary(sql: string, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    return this.#stream(sql, "RowBinary", options);
  }

  async readRows(sql: string, options: ReadOptions = {}): Promise<unknown[][]> {
    const settings = { output_format_json_quote_64bit_integers: 1, ...options.settings };
    return await readJsonRows(this.#stream(sql, "JSONCompactEachRow", { ...options, settings }));
  }

  async command(sql: string): Promise<void> {
    try {
      await this.#client.command({ query: sql, clickhouse_settings: { wait_end_of_query: 1 } });
    } catch (error) {
      throw engineError(error, "write");
    }
  }

  async insertNative(table: string, path: string, token: string): Promise<void> {
    const query = `INSERT INTO ${identifier(table)} FORMAT Native`;
    tokenLiteral(token);
    const file = createReadStream(path, { highWaterMark: 1 << 20 });
    try {
      const { stream } = await this.#client.exec({
        query,
        values: file,
        clickhouse_settings: {
          insert_deduplication_token: token,
          async_insert: 0,
          max_insert_threads: "1",
          min_insert_block_size_rows: "0",
          min_insert_block_size_bytes: "0",
          max_insert_block_size: "16777216",
          input_format_skip_unknown_fields: 0,
          wait_end_of_query: 1,
        },
      });
      await drained(stream);
    } catch (error) {
      throw engineError(error, "write");
    } finally {
      file.destroy();
    }
  }

  async close(): Promise<void> {
    this.#slots.close();
    await this.#client.close();
  }

  async *#stream(sql: string, format: string, options: ReadOptions): AsyncGenerator<Uint8Array> {
    const asked = { ...this.#limits, ...options.limits };
    const askedMs = performance.now();
    const slot = await this.#slots.acquire(asked.timeoutMs, options.signal);
    const limits = afterWaiting(asked, performance.now() - askedMs);
    // Closing the connection cancels the query in the server: the caller's signal, or time that is up.
    const overdue = AbortSignal.timeout(limits.timeoutMs + GRACE_MS);
    const signal =
      options.signal === undefined ? overdue : AbortSignal.any([options.signal, overdue]);
    let stream: Readable | undefined;
    try {
      const result = await this.#client.exec({
        query: `${sql}\nFORMAT ${format}`,
        query_params: { ...options.parameters },
        abort_signal: signal,
        clickhouse_settings: readSettings(limits, options.settings),
        use_multipart_params_auto: true,
      });
      stream = result.stream;
      tellRead(result.response_headers["x-clickhouse-summary"], options.onRead);
      for await (const chunk of stream) yield chunk as Uint8Array;
    } catch (error) {
      if (options.signal?.aborted) throw cancelledError(options.signal);
      if (overdue.aborted) throw timeError(limits, error);
      throw engineError(error, "read", limits);
    } finally {
      stream?.destroy();
      this.#slots.release(slot);
    }
  }
}

/** The summary is that of the whole query, because the server waits for its end before it answers. */
function tellRead(summary: string | string[] | undefined, onRead: ReadOptions["onRead"]): void {
  if (onRead === undefined || typeof summary !== "string") return;
  const { read_rows: rows, read_bytes: bytes } = JSON.parse(summary) as Record<string, string>;
  onRead(Number(rows ?? 0), Number(bytes ?? 0));
}

function readSettings(
  limits: QueryLimits,
  extra: Readonly<Record<string, string | number>> = {},
): ClickHouseSettings {
  const settings: Record<string, string | number> = {
    ...extra,
    readonly: 1,
    max_execution_time: limits.timeoutMs / 1000,
    max_memory_usage: String(limits.maxMemoryBytes),
    max_bytes_to_read: String(limits.maxBytesToRead),
    max_query_size: String(MAX_STATEMENT),
    cancel_http_readonly_queries_on_client_close: 1,
    wait_end_of_query: 1,
  };
  if (limits.maxRowsToRead !== undefined)
    settings["max_rows_to_read"] = String(limits.maxRowsToRead);
  if (limits.maxGroups !== undefined) settings["max_rows_to_group_by"] = String(limits.maxGroups);
  return settings;
}

async function drained(stream: Readable): Promise<void> {
  for await (const _ of stream);
}
