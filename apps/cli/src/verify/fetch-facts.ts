// A trace with what continues it: messages are often taken up in traces of their own that link back.

import { TraceFacts } from "@clew/analysis";
import { ClewError } from "@clew/base";
import { spanFacts } from "@clew/codec";
import type { SpanFacts } from "@clew/model";
import type { ClewClient } from "../query/clew-client.ts";

const MAX_LINKED = 20;

/**
 * Spans of a trace and of the traces whose spans link to it, which may be none yet. `ownSpan`: id of the
 * synthetic request's span, which counts as outside of the trace: its children are roots.
 */
export async function fetchFacts(
  client: ClewClient,
  traceId: string,
  ownSpan: string | undefined,
): Promise<TraceFacts> {
  const spans = await spansOf(client, traceId);
  if (spans.length === 0) return new TraceFacts([]);
  const linked = await linkedTraces(client, traceId);
  const others = await Promise.all(linked.map((id) => spansOf(client, id)));
  const all = [...spans, ...others.flat()];
  if (ownSpan === undefined) return new TraceFacts(all);
  return new TraceFacts(
    all
      .filter(({ spanId }) => spanId !== ownSpan)
      .map((span) => (span.parentSpanId === ownSpan ? { ...span, parentSpanId: "" } : span)),
  );
}

async function spansOf(client: ClewClient, traceId: string): Promise<readonly SpanFacts[]> {
  try {
    return spanFacts(await client.trace(traceId));
  } catch (error) {
    if (error instanceof ClewError && error.code === "not_found") return [];
    throw error;
  }
}

async function linkedTraces(client: ClewClient, traceId: string): Promise<readonly string[]> {
  const { traces } = await client.search({
    query: `{ link:traceID = "${traceId}" }`,
    start: "now-1h",
    end: "now+1m",
    limit: MAX_LINKED,
    spansPerSpanset: 1,
    sort: "newest",
  });
  return traces.map((trace) => trace.traceId).filter((id) => id !== traceId);
}
