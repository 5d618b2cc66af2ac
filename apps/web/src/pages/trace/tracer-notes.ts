// What a tracer says about its own losses: `clew.dropped_spans` on the scope of the batch that came after them, and
// `clew.span.unfinished` on spans that were open when their process ended.

import { type SpanBatch, ValueType } from "@clew/model";

const DROPPED = "clew.dropped_spans";
const UNFINISHED = "clew.span.unfinished";

/** Told with the trace's spans: how many others their services dropped shortly before, and which services. */
export interface Drops {
  readonly spans: number;
  readonly services: readonly string[];
}

/** Drops that came with the trace; no service twice. */
export function dropsOf(batch: SpanBatch): Drops {
  const counts = droppedByScope(batch);
  let spans = 0;
  const services = new Set<string>();
  if (counts.size > 0) {
    const seen = new Set<number>();
    for (let span = 0; span < batch.length; span++) {
      const scope = batch.scope[span] as number;
      const count = counts.get(scope);
      if (count === undefined) continue;
      const resource = batch.resource[span] as number;
      services.add(batch.strings.text(batch.resources.serviceName[resource] as number));
      if (!seen.has(scope)) spans += count;
      seen.add(scope);
    }
  }
  return { spans, services: [...services] };
}

function droppedByScope({ scopes, strings }: SpanBatch): Map<number, number> {
  const counts = new Map<number, number>();
  const { attributes, attributeOffsets } = scopes;
  for (let scope = 0; scope < scopes.length; scope++) {
    const end = attributeOffsets[scope + 1] as number;
    for (let row = attributeOffsets[scope] as number; row < end; row++) {
      if (attributes.types[row] !== ValueType.Int) continue;
      if (strings.text(attributes.keys[row] as number) !== DROPPED) continue;
      const count = Number(attributes.int(row));
      if (count > 0) counts.set(scope, count);
    }
  }
  return counts;
}

/** Whether the span was open when its process ended. */
export function isUnfinished(batch: SpanBatch, span: number): boolean {
  const { attributes, attributeOffsets, strings } = batch;
  const from = attributeOffsets[span] as number;
  // The tracer writes it last.
  for (let row = (attributeOffsets[span + 1] as number) - 1; row >= from; row--) {
    if (attributes.types[row] !== ValueType.Bool || attributes.slots[row * 2] !== 1) continue;
    if (strings.text(attributes.keys[row] as number) === UNFINISHED) return true;
  }
  return false;
}

/** All spans of the trace that were. */
export function unfinishedSpans(batch: SpanBatch): readonly number[] {
  const found: number[] = [];
  for (let span = 0; span < batch.length; span++) if (isUnfinished(batch, span)) found.push(span);
  return found;
}
