// Finds the spans of a trace that a search means. Each distinct string of the batch is compared once;
// spans are then tested by string number, so 100,000 spans take milliseconds.

import {
  type AttributeColumns,
  type SpanBatch,
  spanKindNames,
  statusCodeNames,
  ValueType,
} from "@clew/model";
import type { SearchTerm } from "./search-query.ts";

const NO = 1;
const YES = 2;

/** 1 for every span of the batch that satisfies all terms; undefined when there are no terms. */
export function matchSpans(
  batch: SpanBatch,
  terms: readonly SearchTerm[],
): Uint8Array<ArrayBuffer> | undefined {
  if (terms.length === 0) return undefined;
  const result = new Uint8Array(batch.length).fill(1);
  for (const term of terms) {
    const test = spanTest(batch, term);
    for (let span = 0; span < batch.length; span++) {
      if (result[span] === 1 && test(span) === term.exclude) result[span] = 0;
    }
  }
  return result;
}

type Test = (index: number) => boolean;

function spanTest(batch: SpanBatch, term: SearchTerm): Test {
  return term.key === undefined ? wordTest(batch, term.text) : keyTest(batch, term.key, term.text);
}

/** Remembers the answer for each string of the batch. */
function stringTest(batch: SpanBatch, matches: (text: string) => boolean): Test {
  const known = new Uint8Array(batch.strings.size);
  return (id) => {
    if (known[id] === 0) known[id] = matches(batch.strings.text(id).toLowerCase()) ? YES : NO;
    return known[id] === YES;
  };
}

function remembered(count: number, test: Test): Test {
  const known = new Uint8Array(count);
  return (index) => {
    if (known[index] === 0) known[index] = test(index) ? YES : NO;
    return known[index] === YES;
  };
}

function wordTest(batch: SpanBatch, word: string): Test {
  const has = stringTest(batch, (text) => text.includes(word));
  const numeric = /^[-+.0-9e]+$/.test(word);
  const isBoolWord = word === "true" || word === "false";
  const row = (columns: AttributeColumns, at: number): boolean =>
    has(columns.keys[at] as number) || valueMatches(columns, at, has, word, numeric, isBoolWord);
  const anyRow = (columns: AttributeColumns, from: number, to: number): boolean => {
    for (let at = from; at < to; at++) if (row(columns, at)) return true;
    return false;
  };
  const resource = remembered(batch.resources.length, (index) => {
    const offsets = batch.resources.attributeOffsets;
    return (
      has(batch.resources.serviceName[index] as number) ||
      anyRow(batch.resources.attributes, offsets[index] as number, offsets[index + 1] as number)
    );
  });
  const scope = remembered(batch.scopes.length, (index) => has(batch.scopes.name[index] as number));
  const kinds = spanKindNames.map((name) => name === word);
  const statuses = statusCodeNames.map((name) => name === word);
  return (span) =>
    has(batch.name[span] as number) ||
    has(batch.statusMessage[span] as number) ||
    (kinds[batch.kind[span] as number] ?? false) ||
    (statuses[batch.status[span] as number] ?? false) ||
    resource(batch.resource[span] as number) ||
    scope(batch.scope[span] as number) ||
    anyRow(
      batch.attributes,
      batch.attributeOffsets[span] as number,
      batch.attributeOffsets[span + 1] as number,
    ) ||
    eventMatches(batch, span, has, anyRow);
}

function eventMatches(
  batch: SpanBatch,
  span: number,
  has: Test,
  anyRow: (columns: AttributeColumns, from: number, to: number) => boolean,
): boolean {
  for (
    let at = batch.eventOffsets[span] as number;
    at < (batch.eventOffsets[span + 1] as number);
    at++
  ) {
    if (has(batch.eventName[at] as number)) return true;
    const offsets = batch.eventAttributeOffsets;
    if (anyRow(batch.eventAttributes, offsets[at] as number, offsets[at + 1] as number))
      return true;
  }
  return false;
}

function valueMatches(
  columns: AttributeColumns,
  at: number,
  has: Test,
  word: string,
  numeric: boolean,
  isBoolWord: boolean,
): boolean {
  switch (columns.types[at]) {
    case ValueType.String:
      return has(columns.slots[at * 2] as number);
    case ValueType.Int:
      return numeric && columns.int(at).toString() === word;
    case ValueType.Double:
      return numeric && columns.double(at) === Number(word);
    case ValueType.Bool:
      return isBoolWord && (columns.slots[at * 2] === 1) === (word === "true");
    default:
      return false;
  }
}

/** `key=value`: the facts every span has by their names, else an attribute of the span or its resource. */
function keyTest(batch: SpanBatch, key: string, value: string): Test {
  const contains = stringTest(batch, (text) => text.includes(value));
  if (key === "name") return (span) => contains(batch.name[span] as number);
  if (key === "service") {
    return (span) =>
      contains(batch.resources.serviceName[batch.resource[span] as number] as number);
  }
  if (key === "kind") return (span) => spanKindNames[batch.kind[span] as number] === value;
  if (key === "status") return (span) => statusCodeNames[batch.status[span] as number] === value;
  const isKey = stringTest(batch, (text) => text === key);
  const numeric = value !== "" && !Number.isNaN(Number(value));
  const isBoolWord = value === "true" || value === "false";
  const anyRow = (columns: AttributeColumns, from: number, to: number): boolean => {
    for (let at = from; at < to; at++) {
      if (!isKey(columns.keys[at] as number)) continue;
      if (value === "" || valueMatches(columns, at, contains, value, numeric, isBoolWord))
        return true;
    }
    return false;
  };
  const resource = remembered(batch.resources.length, (index) => {
    const offsets = batch.resources.attributeOffsets;
    return anyRow(
      batch.resources.attributes,
      offsets[index] as number,
      offsets[index + 1] as number,
    );
  });
  return (span) =>
    anyRow(
      batch.attributes,
      batch.attributeOffsets[span] as number,
      batch.attributeOffsets[span + 1] as number,
    ) || resource(batch.resource[span] as number);
}
