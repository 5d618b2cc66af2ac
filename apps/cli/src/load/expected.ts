// Makes any batch of a run again from its plan and its number, so that a checker can say exactly which
// spans a server has acknowledged.

import { ClewError } from "@clew/base";
import { toHex } from "@clew/model";
import { type Batch, BlockGenerator } from "./block-generator.ts";
import { eachSpan, fields } from "./otlp-reader.ts";
import { blockOf, type LoadPlan, makePlan } from "./plan.ts";

/** Identity of one generated span; ids in lower-case hex, `parentId` empty for a root. */
export interface ExpectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly name: string;
}

let latest: { readonly key: string; readonly batches: readonly Batch[] } | undefined;

function blockBatches(plan: LoadPlan, block: number, baseNano: bigint): readonly Batch[] {
  const key = `${JSON.stringify(plan)} ${block} ${baseNano}`;
  if (latest?.key === key) return latest.batches;
  const generator = new BlockGenerator(plan);
  generator.begin(block, baseNano);
  const batches: Batch[] = [];
  for (let batch = generator.next(); batch !== undefined; batch = generator.next())
    batches.push(batch);
  latest = { key, batches };
  return batches;
}

/**
 * Batch number `sequence` of a run, byte for byte. `options` are those of the run (a report of
 * acknowledged requests has them in its first line); `baseNano` is the block's base time, which
 * decides times only. The batches of one block are kept, so ask in ascending order.
 * Throws ClewError `not_found` when the run has no such batch.
 */
export function expectedBatch(options: Partial<LoadPlan>, sequence: number, baseNano = 0n): Batch {
  const batches = blockBatches(makePlan(options), blockOf(sequence), baseNano);
  const batch = batches.find((candidate) => candidate.sequence === sequence);
  if (batch !== undefined) return batch;
  throw new ClewError("not_found", `this run has no batch ${sequence}`, {
    hint: "give the same plan as the run had; numbers are block * 65536 + index",
  });
}

/** The spans of a batch, in the order sent. See {@link expectedBatch} for arguments and errors. */
export function expectedSpans(
  options: Partial<LoadPlan> | number,
  sequence: number,
): ExpectedSpan[] {
  const plan = typeof options === "number" ? { seed: options } : options;
  return listSpans(expectedBatch(plan, sequence).payload);
}

/** Identities of all spans of a request made by the generator, in the order sent. */
export function listSpans(payload: Uint8Array): ExpectedSpan[] {
  const spans: ExpectedSpan[] = [];
  const decoder = new TextDecoder();
  eachSpan(payload, (from, to) => {
    const span = { traceId: "", spanId: "", parentId: "", name: "" };
    fields(payload, from, to, (field, start, end) => {
      if (field === 1) span.traceId = toHex(payload, start, end - start);
      if (field === 2) span.spanId = toHex(payload, start, end - start);
      if (field === 4) span.parentId = toHex(payload, start, end - start);
      if (field === 5) span.name = decoder.decode(payload.subarray(start, end));
    });
    spans.push(span);
  });
  return spans;
}
