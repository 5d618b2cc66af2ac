// The envelope of Jaeger's classic routes: {data, total, limit, offset, errors}.

import type { Readable } from "node:stream";
import { textStream } from "../http/large-pieces.ts";

export interface StructuredError {
  readonly code: number;
  readonly msg: string;
  readonly traceID?: string;
}

/** An answer with data. */
export function envelope(data: readonly unknown[] | number, total = 0): object {
  return { data, total, limit: 0, offset: 0, errors: null };
}

/** An answer without. */
export function errorEnvelope(error: StructuredError): object {
  return { data: null, total: 0, limit: 0, offset: 0, errors: [error] };
}

/** An answer whose data is a list written piece by piece. `items`: JSON texts, commas included. */
export function streamedEnvelope(
  items: Iterable<string>,
  errors: readonly StructuredError[] = [],
): Readable {
  return textStream(envelopeTexts(items, errors));
}

function* envelopeTexts(
  items: Iterable<string>,
  errors: readonly StructuredError[],
): Generator<string> {
  yield '{"data":[';
  yield* items;
  const shown = errors.length === 0 ? "null" : JSON.stringify(errors);
  yield `],"total":0,"limit":0,"offset":0,"errors":${shown}}`;
}
