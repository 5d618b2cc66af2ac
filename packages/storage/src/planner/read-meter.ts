// What all queries of one question read together, as the engine counts; lookups (where attributes
// and traces lie, which resources match) are left out.

import type { ReadCost } from "@clew/model";
import type { Engine, QueryLimits, ReadOptions } from "../engines/engine.ts";

export class ReadMeter {
  /** The engine, counting. */
  readonly engine: Engine;
  #rows = 0;
  #bytes = 0;

  constructor(engine: Engine) {
    const onRead = (rows: number, bytes: number): void => {
      this.#rows += rows;
      this.#bytes += bytes;
    };
    const counted = (options: ReadOptions = {}): ReadOptions =>
      options.isLookup === true ? options : { ...options, limits: this.#left(options), onRead };
    this.engine = {
      kind: engine.kind,
      readBinary: (sql, options) => engine.readBinary(sql, counted(options)),
      readRows: (sql, options) => engine.readRows(sql, counted(options)),
      command: (sql) => engine.command(sql),
      insertNative: (table, path, token) => engine.insertNative(table, path, token),
      close: () => engine.close(),
    };
  }

  /** Of the bytes that a question may read, what the queries so far have left. */
  #left({ limits = {} }: ReadOptions): Partial<QueryLimits> {
    const { maxBytesToRead, whole } = limits;
    if (maxBytesToRead === undefined) return limits;
    // 0 would be no limit.
    const left = Math.max(1, maxBytesToRead - this.#bytes);
    return { ...limits, maxBytesToRead: left, whole: { ...whole, maxBytesToRead } };
  }

  /** The answer with the engine's counts in place of the plan's own, where there are any. */
  withCost<T extends { readonly cost: ReadCost }>(answer: T): T {
    if (this.#rows === 0) return answer;
    return { ...answer, cost: { ...answer.cost, rows: this.#rows, bytes: this.#bytes } };
  }
}
