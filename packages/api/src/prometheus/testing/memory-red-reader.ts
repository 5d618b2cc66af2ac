// Increments from a list of spans and calls in memory, straightforwardly: what the rollups would say.

import type {
  EdgeIncrementsQuery,
  Increments,
  LabelMatcher,
  RedSeriesReader,
  SpanIncrementsQuery,
} from "@clew/storage";

export interface Observation {
  readonly labels: Readonly<Record<string, string>>;
  readonly timeMs: number;
  readonly seconds: number;
  readonly failed?: boolean;
}

export interface MemoryRedReader extends RedSeriesReader {
  readonly asked: (SpanIncrementsQuery | EdgeIncrementsQuery)[];
}

export function memoryRedReader(
  spans: readonly Observation[],
  edges: readonly Observation[] = [],
): MemoryRedReader {
  const asked: (SpanIncrementsQuery | EdgeIncrementsQuery)[] = [];
  return {
    asked,
    async spanIncrements(query) {
      asked.push(query);
      return increments(spans, query);
    },
    async edgeIncrements(query) {
      asked.push(query);
      return increments(edges, query);
    },
    throughput: async () => [],
  };
}

function increments<L extends string>(
  observations: readonly Observation[],
  query: Pick<SpanIncrementsQuery, "range" | "stepNano" | "histogram"> & {
    readonly matchers: readonly LabelMatcher<L>[];
    readonly by: readonly L[];
  },
): Increments<L>[] {
  const { startNano, endNano } = query.range;
  const steps = Number((endNano - startNano) / query.stepNano);
  const found = new Map<string, { one: Increments<L>; histogram: Map<number, number>[] }>();
  for (const { labels, timeMs, seconds, failed = false } of observations) {
    const nano = BigInt(timeMs) * 1_000_000n;
    if (nano < startNano || nano >= endNano) continue;
    if (!query.matchers.every((matcher) => holds(matcher, labels[matcher.label] ?? ""))) continue;
    const own = Object.fromEntries(query.by.map((label) => [label, labels[label] ?? ""]));
    const key = JSON.stringify(own);
    const histogram = Array.from({ length: steps }, () => new Map<number, number>());
    const entry = found.get(key) ?? {
      histogram,
      one: {
        labels: own as Increments<L>["labels"],
        count: new Float64Array(steps),
        errors: new Float64Array(steps),
        seconds: new Float64Array(steps),
        ...(query.histogram ? { histogram } : {}),
      },
    };
    found.set(key, entry);
    const step = Number((nano - startNano) / query.stepNano);
    entry.one.count[step] = (entry.one.count[step] ?? 0) + 1;
    entry.one.errors[step] = (entry.one.errors[step] ?? 0) + (failed ? 1 : 0);
    entry.one.seconds[step] = (entry.one.seconds[step] ?? 0) + seconds;
    const bucket = Math.floor(Math.log2(Math.max(1, seconds * 1e9)) * 16);
    const buckets = entry.histogram[step];
    buckets?.set(bucket, (buckets.get(bucket) ?? 0) + 1);
  }
  return [...found.values()].map(({ one }) => one);
}

function holds({ operator, value }: LabelMatcher<string>, actual: string): boolean {
  if (operator === "=") return actual === value;
  if (operator === "!=") return actual !== value;
  return new RegExp(`^(?:${value})$`, "s").test(actual) === (operator === "=~");
}
