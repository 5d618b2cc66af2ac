// The embedded engine: ClickHouse inside this process through chdb. A session runs one statement at a
// time, so reads share a pool of sessions, writes have their own, and one more session exists to stop
// queries: chdb has no interrupt, but KILL QUERY from another session ends a query within milliseconds.
// Values travel as bound parameters of streamed queries; chdb's other parameter path is serialised for
// the whole process and would make reads queue behind each other.

import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { ClewError } from "@clew/base";
import { drainPending, Session } from "chdb";
import { Cancellation } from "./cancellation.ts";
import { type ChdbOptions, serverArguments, sessionCounts } from "./chdb-options.ts";
import {
  afterWaiting,
  DEFAULT_MAX_BYTES_TO_READ,
  type Engine,
  type Parameter,
  type QueryLimits,
  type ReadOptions,
} from "./engine.ts";
import { engineError, timeError } from "./engine-error.ts";
import { readCountedRows, readJsonRows } from "./json-rows.ts";
import {
  identifier,
  pathLiteral,
  settingsClause,
  stringLiteral,
  tokenLiteral,
} from "./parameters.ts";
import { ReadLooks } from "./read-looks.ts";
import { cancelledError, MAX_WAITING, WaitQueue } from "./wait-queue.ts";

const MiB = 1024 * 1024;
const DEFAULT_LIMITS: QueryLimits = {
  timeoutMs: 30_000,
  maxMemoryBytes: 512 * MiB,
  maxBytesToRead: DEFAULT_MAX_BYTES_TO_READ,
};
const INSERT_WAIT_MS = 60_000;
/** The engine checks its time limit between blocks; past this much more we stop the query ourselves. */
const GRACE_MS = 1_000;

/** What an insert's rows must do: arrive as one block, under the token, and none silently left out. */
const INSERT_SETTINGS = {
  max_threads: 1,
  max_insert_threads: 1,
  min_insert_block_size_rows: 0,
  min_insert_block_size_bytes: 0,
  max_insert_block_size: 16_777_216,
  deduplicate_insert_select: "force_enable",
  input_format_skip_unknown_fields: 0,
  input_format_native_allow_types_conversion: 1,
} as const;

export type { ChdbOptions } from "./chdb-options.ts";

/** Opens (or makes) the store in a folder. @throws ClewError `unavailable` when another process holds it. */
export async function openChdbEngine(options: ChdbOptions): Promise<Engine> {
  const path = resolve(options.path);
  pathLiteral(path);
  await drainPending();
  const sessions: Session[] = [];
  const open = (): Session => {
    const session = new Session(path, { connectionArgs: serverArguments(options) });
    sessions.push(session);
    return session;
  };
  try {
    mkdirSync(path, { recursive: true });
    const counts = sessionCounts(options);
    const readers = Array.from({ length: counts.readers }, open);
    const writers = Array.from({ length: counts.writers }, open);
    const engine = new ChdbEngine(readers, writers, { control: open(), looks: open() }, options);
    await engine.command("SELECT 1");
    return engine;
  } catch (error) {
    for (const session of sessions) session.close();
    throw new ClewError("unavailable", `the embedded store in ${path} cannot be opened`, {
      cause: error,
      hint: "another process may have it open, or the folder cannot be written",
    });
  }
}

class ChdbEngine implements Engine {
  readonly kind = "chdb";
  readonly #readers: WaitQueue<Session>;
  readonly #writers: WaitQueue<Session>;
  readonly #control: Session;
  readonly #sessions: readonly Session[];
  readonly #limits: QueryLimits;
  readonly #looks: ReadLooks;
  readonly #columns = new Map<string, Promise<TableColumns>>();
  readonly #running = new Set<Cancellation>();
  #queries = 0;
  #killing: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(readers: Session[], writers: Session[], own: OwnSessions, options: ChdbOptions) {
    this.#readers = new WaitQueue(readers, options.maxWaiting ?? MAX_WAITING, "queries");
    this.#writers = new WaitQueue(writers, 1024, "writes");
    this.#control = own.control;
    this.#looks = new ReadLooks(own.looks);
    this.#sessions = [...readers, ...writers, own.control, own.looks];
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
  }

  readBinary(sql: string, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    return this.#stream(sql, "RowBinary", options);
  }

  async readRows(sql: string, options: ReadOptions = {}): Promise<unknown[][]> {
    const settings = { output_format_json_quote_64bit_integers: 1, ...options.settings };
    const asked = { ...options, settings };
    if (options.onRead === undefined)
      return await readJsonRows(this.#stream(sql, "JSONCompactEachRow", asked));
    const answer = await readCountedRows(
      this.#stream(sql, "JSONCompactEachRowWithProgress", asked),
    );
    // Nobody could look at a query without rows in time; such an answer tells by itself what was read.
    if (answer.rows.length === 0) options.onRead(answer.readRows, answer.readBytes);
    return answer.rows;
  }

  async command(sql: string): Promise<void> {
    await this.#write((session) => session.queryAsync(sql));
    this.#columns.clear();
  }

  async insertNative(table: string, path: string, token: string): Promise<void> {
    const name = identifier(table);
    const source = pathLiteral(path);
    const settings = settingsClause(INSERT_SETTINGS);
    const { names, structure } = await this.#columnsOf(name);
    // With the structure given, the reader matches the file's columns by name, whatever their order, and
    // need not read the file twice to learn it.
    const sql =
      `INSERT INTO ${name} (${names}) SELECT ${names} FROM file(${source}, 'Native', ${structure})` +
      `${settings}, insert_deduplication_token = ${tokenLiteral(token)}`;
    await this.#write((session) => session.queryAsync(sql));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#readers.close();
    this.#writers.close();
    this.#looks.close();
    for (const cancellation of this.#running) cancellation.cancel(closingError());
    await drainPending();
    for (const session of this.#sessions) session.close();
    await drainPending();
  }

  async #write<T>(run: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.#writers.acquire(INSERT_WAIT_MS);
    try {
      if (this.#closed) throw closingError();
      return await run(session);
    } catch (error) {
      throw engineError(error, "write");
    } finally {
      this.#writers.release(session);
    }
  }

  #columnsOf(table: string): Promise<TableColumns> {
    let columns = this.#columns.get(table);
    if (columns === undefined) {
      columns = this.#readColumns(table);
      this.#columns.set(table, columns);
      columns.catch(() => this.#columns.delete(table));
    }
    return columns;
  }

  async #readColumns(table: string): Promise<TableColumns> {
    const rows = await this.readRows(
      `SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String}
       AND default_kind IN ('', 'DEFAULT') ORDER BY position`,
      { parameters: { table } },
    );
    if (rows.length === 0) throw new ClewError("internal", `the store has no table ${table}`);
    const columns = rows as [string, string][];
    return {
      names: columns.map(([name]) => `\`${name}\``).join(", "),
      structure: stringLiteral(columns.map(([name, type]) => `\`${name}\` ${type}`).join(", ")),
    };
  }

  async *#stream(sql: string, format: string, options: ReadOptions): AsyncGenerator<Uint8Array> {
    const asked = { ...this.#limits, ...options.limits };
    const askedMs = performance.now();
    const session = await this.#readers.acquire(asked.timeoutMs, options.signal);
    const limits = afterWaiting(asked, performance.now() - askedMs);
    if (this.#closed) {
      this.#readers.release(session);
      throw closingError();
    }
    const marker = `clew-${process.pid}-${++this.#queries}`;
    const text =
      sql + settingsClause({ ...options.settings, ...limitSettings(limits), log_comment: marker });
    const cancellation = new Cancellation(() => this.#kill(marker));
    const onAbort = (): void => cancellation.cancel(cancelledError(options.signal));
    this.#running.add(cancellation);
    // The engine's own limit counts from its start; this one is for steps in which it does not look.
    const overdue = setTimeout(
      () => cancellation.cancel(timeError(limits)),
      limits.timeoutMs + GRACE_MS,
    );
    options.signal?.addEventListener("abort", onAbort, { once: true });
    const { onRead } = options;
    const read = onRead === undefined ? undefined : this.#looks.follow(marker, onRead);
    try {
      if (format === "RowBinary") read?.watch();
      const stream = session.queryStreamBind(text, bindable(options.parameters), { format });
      for await (const chunk of stream) {
        if (cancellation.error !== undefined) throw cancellation.error;
        if (chunk.numRows > 0) await read?.look();
        yield chunk.raw();
      }
      if (cancellation.error !== undefined) throw cancellation.error;
    } catch (error) {
      throw cancellation.error ?? engineError(error, "read", limits);
    } finally {
      read?.end();
      clearTimeout(overdue);
      options.signal?.removeEventListener("abort", onAbort);
      cancellation.finish();
      this.#running.delete(cancellation);
      this.#readers.release(session);
    }
  }

  /** Ends the query with this marker. The control session takes one statement at a time, so kills queue up. */
  #kill(marker: string): Promise<unknown> {
    const sql = `KILL QUERY WHERE Settings['log_comment'] = ${stringLiteral(marker)} ASYNC`;
    this.#killing = this.#killing.then(() => this.#control.queryAsync(sql)).catch(() => undefined);
    return this.#killing;
  }
}

/** Sessions that neither reads nor writes wait for. */
interface OwnSessions {
  /** Stops queries. */
  readonly control: Session;
  /** Sees what queries have read; apart, so that stopping one never waits for a look. */
  readonly looks: Session;
}

interface TableColumns {
  /** Quoted, comma-separated. */
  readonly names: string;
  /** A literal for `file()`. */
  readonly structure: string;
}

function closingError(): ClewError {
  return new ClewError("unavailable", "the store is closing");
}

function limitSettings(limits: QueryLimits): Record<string, number> {
  return {
    readonly: 1,
    max_execution_time: limits.timeoutMs / 1000,
    max_memory_usage: limits.maxMemoryBytes,
    max_bytes_to_read: limits.maxBytesToRead,
    ...(limits.maxRowsToRead === undefined ? {} : { max_rows_to_read: limits.maxRowsToRead }),
    ...(limits.maxGroups === undefined ? {} : { max_rows_to_group_by: limits.maxGroups }),
  };
}

function bindable(parameters: Readonly<Record<string, Parameter>> = {}): Record<string, unknown> {
  return parameters;
}
