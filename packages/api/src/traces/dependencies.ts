// Who calls whom as Jaeger's and Zipkin's dependency graphs want it: pairs of names with whole counts.

import type { ServiceMap } from "@clew/model";

export interface Dependency {
  readonly parent: string;
  readonly child: string;
  readonly callCount: number;
  readonly errorCount: number;
}

/** One entry a pair of names, the most calls first. Databases, queues and other peers go by their names. */
export function dependencies({ nodes, edges }: ServiceMap): Dependency[] {
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  const links = new Map<string, { parent: string; child: string; calls: number; errors: number }>();
  for (const { source, target, count, errorCount } of edges) {
    const parent = names.get(source) ?? source;
    const child = names.get(target) ?? target;
    const key = JSON.stringify([parent, child]);
    const link = links.get(key) ?? { parent, child, calls: 0, errors: 0 };
    link.calls += count;
    link.errors += errorCount;
    links.set(key, link);
  }
  return [...links.values()]
    .map(({ parent, child, calls, errors }) => ({
      parent,
      child,
      // Counts are adjusted for sampling and may be fractional; a call that happened is never 0.
      callCount: Math.max(1, Math.round(calls)),
      errorCount: errors > 0 ? Math.max(1, Math.round(errors)) : 0,
    }))
    .toSorted((a, b) => b.callCount - a.callCount);
}
