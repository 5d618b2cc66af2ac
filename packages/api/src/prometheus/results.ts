// Values as Prometheus' HTTP API shows them: numbers are texts, times are seconds.

import type { Labels, Value } from "./promql/values.ts";

type Sample = readonly [number, string];

export type QueryData =
  | { readonly resultType: "scalar" | "string"; readonly result: Sample }
  | {
      readonly resultType: "vector";
      readonly result: readonly { readonly metric: Labels; readonly value: Sample }[];
    };

interface RangeSeries {
  readonly metric: Labels;
  readonly values: readonly Sample[];
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

function sample(timeMs: number, value: number): Sample {
  return [timeMs / 1000, numberText(value)];
}

/** The answer of an instant query. */
export function instantData(value: Value, timeMs: number): QueryData {
  switch (value.kind) {
    case "scalar":
      return { resultType: "scalar", result: sample(timeMs, value.values[0] ?? NaN) };
    case "string":
      return { resultType: "string", result: [timeMs / 1000, value.value] };
    case "vector":
      return {
        resultType: "vector",
        result: value.series.flatMap(({ labels, values: [first] }) =>
          first === undefined ? [] : [{ metric: labels, value: sample(timeMs, first) }],
        ),
      };
  }
}

/** The result of a range query, of type `matrix`, each series made when it is read; a scalar is one without labels. */
export function* rangeResult(value: Value, times: readonly number[]): Generator<RangeSeries> {
  if (value.kind === "string") return;
  const series = value.kind === "vector" ? value.series : [{ labels: {}, values: value.values }];
  for (const { labels, values } of series) {
    const samples = values.flatMap((one, step) =>
      one === undefined ? [] : [sample(times[step] ?? 0, one)],
    );
    yield { metric: labels, values: samples };
  }
}
