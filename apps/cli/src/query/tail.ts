// Follows a query: asks again and again for the last minutes and tells each matching span once. A span is
// stored when it has ended, so what arrives now may have started a while ago.

import { setTimeout as sleep } from "node:timers/promises";
import { ClewError, formatDuration, oneLine } from "@clew/base";
import type { NamedValue, ResultSpan, ResultTrace } from "@clew/model";
import type { ClewClient } from "./clew-client.ts";
import { timeText } from "./trace-table.ts";
import { valueText } from "./typed-value-text.ts";

const SERVICE = "resource.service.name";
const STATUS = "span:status";
const MAX_TRACES = 200;
const MAX_SPANS = 100;

export interface TailedSpan {
  readonly traceId: string;
  readonly span: ResultSpan;
  /** The line as a terminal shows it, with its line feed. */
  readonly text: string;
}

export class Tail {
  readonly #client: Pick<ClewClient, "search">;
  readonly #query: string;
  readonly #lookbackMs: number;
  /** Spans that were told, with their start in milliseconds. */
  readonly #told = new Map<string, number>();
  #isFirst = true;

  constructor(client: Pick<ClewClient, "search">, query: string, lookbackMs: number) {
    this.#client = client;
    this.#query = `${query} | select(${SERVICE}, ${STATUS})`;
    this.#lookbackMs = lookbackMs;
  }

  /** Polls until aborted. What is stored already when it begins is not told. */
  async run(everyMs: number, signal: AbortSignal, tell: (span: TailedSpan) => void): Promise<void> {
    while (!signal.aborted) {
      try {
        for (const span of await this.poll()) tell(span);
        await sleep(everyMs, undefined, { signal });
      } catch (error) {
        if (signal.aborted) return;
        throw error instanceof ClewError ? error : ClewError.from(error);
      }
    }
  }

  /** Matching spans that were not told before, by start. */
  async poll(nowMs: number = Date.now()): Promise<readonly TailedSpan[]> {
    const { traces } = await this.#client.search({
      query: this.#query,
      start: `${BigInt(Math.floor(nowMs - this.#lookbackMs)) * 1_000_000n}`,
      // Clocks of senders may be ahead of ours.
      end: `${BigInt(Math.ceil(nowMs + 5000)) * 1_000_000n}`,
      limit: MAX_TRACES,
      spansPerSpanset: MAX_SPANS,
      sort: "newest",
    });
    const fresh = traces.flatMap((trace) => this.#freshOf(trace));
    fresh.sort((a, b) => (a.span.startUnixNano < b.span.startUnixNano ? -1 : 1));
    this.#forget(nowMs);
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    return isFirst ? [] : fresh;
  }

  #freshOf(trace: ResultTrace): TailedSpan[] {
    const found: TailedSpan[] = [];
    for (const span of trace.spansets.flatMap(({ spans }) => spans)) {
      const key = `${trace.traceId}${span.spanId}`;
      if (this.#told.has(key)) continue;
      this.#told.set(key, Number(BigInt(span.startUnixNano) / 1_000_000n));
      found.push({ traceId: trace.traceId, span, text: lineOf(trace.traceId, span) });
    }
    return found;
  }

  /** Spans too old to be found again need not be remembered. */
  #forget(nowMs: number): void {
    for (const [key, startMs] of this.#told)
      if (startMs < nowMs - this.#lookbackMs * 2) this.#told.delete(key);
  }
}

function lineOf(traceId: string, span: ResultSpan): string {
  const duration = formatDuration(Number(span.durationNano)).padStart(8);
  const status = textOf(span.values, STATUS);
  const service = textOf(span.values, SERVICE) || "unknown service";
  const rest = span.values.filter(({ name }) => name !== SERVICE && name !== STATUS);
  const more = rest.map(({ name, value }) => ` ${oneLine(name, 60)}=${valueText(value)}`).join("");
  const head = `${timeText(span.startUnixNano)} ${duration} ${status.padEnd(5)}`;
  return `${head} ${service}  ${oneLine(span.name, 80)}  ${traceId}${more}\n`;
}

function textOf(values: readonly NamedValue[], name: string): string {
  const found = values.find((value) => value.name === name);
  return found === undefined ? "" : valueText(found.value);
}
