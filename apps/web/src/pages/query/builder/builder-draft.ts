// The builder while it is edited: rows may be unfinished, and those are left out of the query.

import { parseDuration } from "@clew/base";
import { spanKindNames, statusCodeNames } from "@clew/model";
import type {
  Builder,
  BuilderOperator,
  Condition,
  Measure,
  Relation,
} from "../../../query/builder-model.ts";
import { type Literal, type LiteralType } from "../../../query/filter-text.ts";
import { fieldType, readField } from "../../../query/reference-text.ts";
import { durationText, literalOf } from "../../../query/search-text.ts";

export interface DraftRow {
  readonly field: string;
  readonly operator: BuilderOperator;
  readonly value: string;
  /** Set when the type was chosen, or came from the data or the text; else it is read from the value. */
  readonly type?: LiteralType;
}

export interface DraftBuilder {
  readonly spans: readonly DraftRow[];
  readonly structure?: { readonly relation: Relation; readonly spans: readonly DraftRow[] };
  readonly measure: Measure;
}

export const emptyRow: DraftRow = { field: "", operator: "=", value: "" };

function draftRow({ field, operator, value }: Condition): DraftRow {
  return value === undefined
    ? { field, operator, value: "" }
    : { field, operator, value: value.text, type: value.type };
}

export function draftOf({ spans, structure, measure }: Builder): DraftBuilder {
  return {
    spans: spans.map(draftRow),
    measure,
    ...(structure === undefined
      ? {}
      : { structure: { relation: structure.relation, spans: structure.spans.map(draftRow) } }),
  };
}

/** The finished part of a draft. */
export function builderOfDraft({ spans, structure, measure }: DraftBuilder): Builder {
  const finished = (rows: readonly DraftRow[]): Condition[] =>
    rows.flatMap((row) => conditionOfRow(row) ?? []);
  return {
    spans: finished(spans),
    measure,
    ...(structure === undefined
      ? {}
      : { structure: { relation: structure.relation, spans: finished(structure.spans) } }),
  };
}

/** The condition that a row says; undefined while it is unfinished or its value does not fit its field. */
export function conditionOfRow({ field, operator, value, type }: DraftRow): Condition | undefined {
  const reference = readField(field)?.text;
  if (reference === undefined) return undefined;
  if (operator === "exists" || operator === "missing") return { field: reference, operator };
  const literal = literalFor(reference, operator, value, type);
  return literal === undefined ? undefined : { field: reference, operator, value: literal };
}

function literalFor(
  field: string,
  operator: BuilderOperator,
  text: string,
  type: LiteralType | undefined,
): Literal | undefined {
  if (text === "" && type !== "string") return undefined;
  if (operator === "=~" || operator === "!~") return { type: "string", text };
  const trimmed = text.trim();
  switch (fieldType(field)) {
    case "duration": {
      if (type !== undefined && type !== "string") return { type, text };
      const nano = parseDuration(trimmed);
      return nano === undefined ? undefined : { type: "duration", text: durationText(nano) };
    }
    case "status":
      return statusCodeNames.some((word) => word === trimmed)
        ? { type: "status", text: trimmed }
        : undefined;
    case "kind":
      return spanKindNames.some((word) => word === trimmed)
        ? { type: "kind", text: trimmed }
        : undefined;
    case "int":
      return /^-?\d{1,18}$/.test(trimmed)
        ? { type: "int", text: String(BigInt(trimmed)) }
        : undefined;
    case "string":
      return { type: "string", text };
    default:
      return type === undefined ? literalOf(text) : { type, text };
  }
}
