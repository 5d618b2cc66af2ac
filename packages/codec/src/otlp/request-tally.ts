// What the readers of protobuf and of JSON requests share: the common shape of the batches, the
// count of what was left out, and the undoing of a request that failed.

import { type ByteDictionary, type ResourceTable, type ScopeTable, ValueType } from "@clew/model";
import { type DecodeResult, decodeResult } from "./limits.ts";

/** What SpanBatch and LogBatch have in common. */
export interface RecordBatch {
  readonly strings: ByteDictionary;
  readonly resources: ResourceTable;
  readonly scopes: ScopeTable;
  readonly length: number;
  readonly resource: Uint32Array;
  readonly scope: Uint32Array;
  truncate(length: number): void;
}

/** Counts the records of one request that were left out and keeps the first reason. */
export class RequestTally {
  #rejected = 0;
  #message: string | undefined;

  clear(): void {
    this.#rejected = 0;
    this.#message = undefined;
  }

  /** Drops the row being read. */
  dropUncommitted(batch: RecordBatch, reason: string): void {
    this.#rejected++;
    this.#message ??= reason;
    batch.truncate(batch.length);
  }

  /** Drops the committed rows from `firstRow` on. */
  dropRows(batch: RecordBatch, firstRow: number, reason: string): void {
    const count = batch.length - firstRow;
    if (count === 0) return;
    this.#rejected += count;
    this.#message ??= reason;
    batch.truncate(firstRow);
  }

  result(accepted: number, noun: string): DecodeResult {
    return decodeResult(accepted, this.#rejected, this.#message, noun);
  }
}

/** Drops what a failed request left behind: records and half-read resources and scopes. */
export function undoRequest(batch: RecordBatch, length: number): void {
  batch.truncate(length);
  const { resources, scopes } = batch;
  resources.attributes.truncate(resources.attributeOffsets[resources.length] as number);
  scopes.attributes.truncate(scopes.attributeOffsets[scopes.length] as number);
}

/** Value id of the last `service.name` string among the attribute rows from `firstRow` on, or 0. */
export function serviceNameOf(
  resources: ResourceTable,
  firstRow: number,
  strings: ByteDictionary,
): number {
  const wanted = strings.internText("service.name");
  const { keys, types, slots, length } = resources.attributes;
  for (let row = length - 1; row >= firstRow; row--) {
    if (keys[row] === wanted && types[row] === ValueType.String) return slots[row * 2] as number;
  }
  return 0;
}
