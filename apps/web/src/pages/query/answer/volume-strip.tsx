// How many spans match over time, errors marked, above the list of them. Dragging picks a time range. Only for
// queries on single spans, which are cheap to count.

import type { TraceqlMetricsResult } from "@clew/model";
import { type ReactElement, useMemo } from "react";
import { useTraceqlMetrics } from "../../../api/traceql-queries.ts";
import { type Bar, BarStrip } from "../../../charts/bar-strip.tsx";
import { countOverTime } from "../../../query/rewrite.ts";
import { stepFor } from "../../../router/time-range.ts";
import type { AnswerProps } from "./answer-props.ts";

function barsOf({ series }: TraceqlMetricsResult): readonly Bar[] {
  const bars = new Map<number, { count: number; errors: number }>();
  for (const { labels, samples } of series) {
    const isError = labels.some(({ value }) => value.type === "status" && value.value === "error");
    for (const { timeMs, value } of samples) {
      const bar = bars.get(timeMs) ?? { count: 0, errors: 0 };
      bar.count += value;
      if (isError) bar.errors += value;
      bars.set(timeMs, bar);
    }
  }
  return [...bars].map(([endMs, bar]) => ({ endMs, ...bar })).sort((a, b) => a.endMs - b.endMs);
}

export function VolumeStrip({ query, range, actions }: AnswerProps): ReactElement | undefined {
  const text = useMemo(() => countOverTime(query), [query]);
  const step = stepFor(range, 100);
  const answer = useTraceqlMetrics({ q: text ?? "", range, stepNano: step }, text !== undefined);
  const bars = useMemo(() => (answer.data === undefined ? [] : barsOf(answer.data)), [answer.data]);
  if (text === undefined || answer.isError) return undefined;
  return (
    <BarStrip
      bars={bars}
      stepMs={step / 1e6}
      label="Matching spans over time; drag to pick a time range"
      unit="spans"
      onRange={(fromMs, toMs) =>
        actions.set({ from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() })
      }
    />
  );
}
