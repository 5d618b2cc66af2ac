// What a person types for a field, as a reference that TraceQL reads; and what type its values have.

import { type ExpressionType, type FieldReference, parse, referenceType } from "@clew/traceql";

/** The field that `text` names; a bare key such as `http.route` counts as `.http.route`. */
export function readField(text: string): FieldReference | undefined {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  return soleField(trimmed) ?? soleField(`.${trimmed}`);
}

function soleField(text: string): FieldReference | undefined {
  const before = "{ } | select(";
  try {
    const query = parse(`${before}${text})`);
    const stage = query.kind === "spans" ? query.pipeline.stages[1] : undefined;
    if (stage?.kind !== "select" || stage.fields.length !== 1) return undefined;
    const [field] = stage.fields;
    // Only a text that is the reference and nothing else: no comment, no second stage.
    const whole = field?.at.start === before.length && field.at.end === before.length + text.length;
    return whole ? field : undefined;
  } catch {
    return undefined;
  }
}

/** Type of the field's values; `unknown` for attributes. */
export function fieldType(text: string): ExpressionType {
  const field = readField(text);
  return field === undefined ? "unknown" : referenceType(field);
}
