// Whole traces from the store into columns: of every span what the plan needs, in RowBinary, in batches whose
// size is bounded by the spans that the trace index promises.

import { ClewError } from "@clew/base";
import type { Engine } from "../../engines/engine.ts";
import { forEachRow, type RowCursor } from "../../read/row-binary.ts";
import { SqlParameters } from "../../read/sql-parameters.ts";
import { findSpanRows, type SpanRows } from "../../read/trace-overviews.ts";
import { Turns } from "../../read/turns.ts";
import { TRUE } from "../field-logic.ts";
import { type FieldCompiler, typedValue } from "../field-sql.ts";
import type { Candidate } from "./candidates.ts";
import type { ReadBudget } from "./read-budget.ts";
import { SPAN_KEY, TraceColumns } from "./trace-columns.ts";
import type { TracePlan } from "./trace-plan.ts";
import { TraceSql } from "./trace-sql.ts";
import { fromTyped, type Value } from "./values.ts";

const MAX_SPANS = 1_000_000;
const MAX_DICTIONARY = 1_000_000;

export class TraceReading {
  readonly columns: TraceColumns;
  /** Spans read so far. */
  spans = 0;
  /** Bytes of the engine's answers so far. */
  bytes = 0;
  readonly #engine: Engine;
  readonly #tenant: string;
  readonly #plan: TracePlan;
  readonly #fields: FieldCompiler;
  readonly #budget: ReadBudget;
  readonly #dictionaryIds = new Map<string, number>();

  constructor(
    engine: Engine,
    tenant: string,
    plan: TracePlan,
    fields: FieldCompiler,
    budget: ReadBudget,
  ) {
    this.#engine = engine;
    this.#tenant = tenant;
    this.#plan = plan;
    this.#fields = fields;
    this.#budget = budget;
    const { evaluated, values, choices, needsKeys } = plan;
    this.columns = new TraceColumns(evaluated, values.length, choices.length, needsKeys);
  }

  /**
   * Reads the traces, in as many steps as memory asks for, and calls `each` with the number of every trace,
   * when `columns` holds it.
   * @throws ClewError `limit_exceeded` for a trace that alone is too large.
   */
  async read(candidates: readonly Candidate[], each: (trace: number) => void): Promise<void> {
    if (candidates.length === 0) return;
    const places = await findSpanRows(this.#engine, this.#tenant, candidates, this.#budget.context);
    if (places.spans > MAX_SPANS) {
      if (candidates.length === 1) throw tooManySpans();
      const half = candidates.length >> 1;
      await this.read(candidates.slice(0, half), each);
      await this.read(candidates.slice(half), each);
      return;
    }
    this.columns.clear();
    this.#budget.countTraces(candidates.length);
    await this.#readRows(places);
    this.spans += this.columns.length;
    const turns = new Turns();
    for (let trace = 0; trace < this.columns.traceCount; trace++) {
      each(trace);
      if (turns.isOver) await turns.next();
    }
  }

  async #readRows(rows: SpanRows): Promise<void> {
    const parameters = new SqlParameters();
    const { conditions, evaluated, values, choices, spans, needsKeys } = this.#plan;
    const sql = new TraceSql(this.#tenant, this.#fields, conditions, parameters);
    const columns = ["trace_id", "start", "duration", "span_id", "parent_span_id"];
    if (needsKeys) columns.push(SPAN_KEY);
    for (let from = 0; from < evaluated; from += 32)
      columns.push(bitsSql(sql, from, Math.min(evaluated, from + 32)));
    for (const field of values) columns.push(this.#fields.typed(field, parameters));
    for (const choice of choices) columns.push(this.#fields.choices(choice, parameters));
    const filter = sql.spans(spans);
    const text = `SELECT ${columns.join(", ")} FROM spans ${rows.clause(parameters)}
      ${filter === TRUE ? "" : `AND ${filter}`} ORDER BY trace_id, start, span_id`;
    const answer = this.#engine.readBinary(text, {
      ...this.#budget.context,
      parameters: parameters.values,
      settings: { optimize_read_in_order: 0 },
    });
    await forEachRow(this.#counted(answer), (cursor) => this.#readSpan(cursor));
    this.columns.end();
  }

  async *#counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.bytes += chunk.length;
      yield chunk;
    }
  }

  /** A row that ends early is read again: nothing counts before the last line. */
  #readSpan(cursor: RowCursor): void {
    const { columns } = this;
    const row = columns.beginSpan();
    const traceId = cursor.take(16);
    for (const words of [columns.startWords, columns.durationWords]) {
      words[row * 2] = cursor.uint32();
      words[row * 2 + 1] = cursor.uint32();
    }
    for (const words of [columns.spanIds, columns.parentIds]) {
      words[row * 2] = cursor.uint32();
      words[row * 2 + 1] = cursor.uint32();
    }
    for (const words of columns.keys) {
      words[row * 2] = cursor.uint32();
      words[row * 2 + 1] = cursor.uint32();
    }
    for (const bits of columns.bits) bits[row] = cursor.uint32();
    for (const values of columns.values) values[row] = this.#readValue(cursor);
    for (const choices of columns.choices) choices[row] = this.#readChoices(cursor);
    if (row >= MAX_SPANS * 2) throw tooManySpans();
    columns.commitSpan(cursor.bytes, traceId);
  }

  #readValue(cursor: RowCursor): number {
    const type = cursor.text();
    const text = cursor.text();
    if (type === "nil") return 0;
    return this.#id(`${type}:${text}`, () => fromTyped(typedValue(type, text)));
  }

  #readChoices(cursor: RowCursor): number {
    const pairs: [string, string][] = [];
    for (let left = cursor.varint(); left > 0; left--) pairs.push([cursor.text(), cursor.text()]);
    return this.#id(JSON.stringify(pairs), () => ({
      type: "array",
      value: pairs.map(([type, text]) => fromTyped(typedValue(type, text))),
    }));
  }

  #id(key: string, make: () => Value): number {
    const known = this.#dictionaryIds.get(key);
    if (known !== undefined) return known;
    const { dictionary } = this.columns;
    if (dictionary.length >= MAX_DICTIONARY) throw tooManyValues();
    const id = dictionary.push(make()) - 1;
    this.#dictionaryIds.set(key, id);
    return id;
  }
}

/** One number whose bit i says whether condition `from + i` holds. */
function bitsSql(sql: TraceSql, from: number, to: number): string {
  const bits: string[] = [];
  for (let number = from; number < to; number++)
    bits.push(`bitShiftLeft(toUInt32(${sql.condition(number)}), ${number - from})`);
  return bits.reduce((all, bit) => `bitOr(${all}, ${bit})`);
}

function tooManySpans(): ClewError {
  return new ClewError("limit_exceeded", `a trace has more than ${MAX_SPANS} spans`, {
    hint: "add a condition that such traces do not meet, or ask for a shorter time range",
  });
}

function tooManyValues(): ClewError {
  return new ClewError("limit_exceeded", "the query compares or groups by too many values", {
    hint: "ask for a shorter time range or add a filter",
  });
}
