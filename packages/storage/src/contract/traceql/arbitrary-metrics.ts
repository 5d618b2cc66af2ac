// Generated metrics queries over the vocabulary of arbitrary-spans.ts.

import fc from "fast-check";
import { arbitrarySearch } from "./arbitrary-search.ts";
import { join, oneOf } from "./query-text.ts";

const groupField = oneOf(
  "resource.service.name name kind status statusMessage parent.name span.shared resource.shared span.service.name root.name instrumentation:version span:name span.mix resource.host span.num span.flag .user .mix span:childCount rootName rootServiceName parent.span.user root.resource.host span.nowhere instrumentation.tier nestedSetParent",
);
const numericField = oneOf(
  "duration duration span.num .num span.http.response.status_code .http.response.status_code traceDuration span:childCount parent.duration span.mix parent.num root.duration resource.host span.nowhere nestedSetLeft",
);

const spans = fc.oneof(
  {
    weight: 4,
    arbitrary: oneOf(
      "{} {status=error} {resource.service.name=`shop`} {span.flag=true} {duration>1ms} {name=`query`&&kind!=server} {status!=ok}",
    ),
  },
  { weight: 3, arbitrary: arbitrarySearch },
);

const by = fc.oneof(
  fc.constant(""),
  join(" by(", groupField, ")"),
  join(" by(", groupField, ", ", groupField, ")"),
);
const series = fc.oneof(
  { weight: 3, arbitrary: oneOf("rate() count_over_time()") },
  {
    weight: 4,
    arbitrary: join(
      oneOf("min_over_time max_over_time sum_over_time avg_over_time histogram_over_time"),
      "(",
      numericField,
      ")",
    ),
  },
  {
    weight: 2,
    arbitrary: join(
      "quantile_over_time(",
      numericField,
      ", ",
      fc.constantFrom("0.5", "0.9, 0.1", "0", "1", ".99"),
      ")",
    ),
  },
);
const plain = join(spans, " | ", series, by);

const second = fc.oneof(
  { weight: 3, arbitrary: fc.constant("") },
  { weight: 1, arbitrary: join(" | ", oneOf("topk bottomk"), "(", oneOf("1 2 5"), ")") },
  {
    weight: 1,
    arbitrary: join(" ", oneOf("> >= < <="), " ", oneOf("1 0.5"), " | topk(3) != ", oneOf("2 7")),
  },
  {
    weight: 1,
    arbitrary: oneOf("with(exemplars=3) with(sample=true,most_recent=true)").map(
      (hint) => ` ${hint}`,
    ),
  },
  {
    weight: 2,
    arbitrary: join(" ", oneOf("> >= < <= !="), " ", oneOf("0 1 2 0.05 1ms 500")),
  },
);

/** Both sides of the same grouping, so that labels meet. */
const pair = fc.oneof(
  fc
    .tuple(by, spans, series, spans, series)
    .map(([group, a, f, b, g]) => [`(${a} | ${f}${group})`, `(${b} | ${g}${group})`]),
  fc.tuple(spans, series, plain).map(([a, f, b]) => [`(${a} | ${f})`, `(${b})`]),
);
const operator = oneOf("+ - * /");
const arithmetic = fc.oneof(
  fc.tuple(pair, operator).map(([[a, b], sign]) => `${a} ${sign} ${b}`),
  fc.tuple(pair, operator, operator).map(([[a, b], x, y]) => `${a} ${x} ${b} ${y} 2`),
  join("(", plain, ") ", operator, " ", oneOf("2 0.5 -1")),
  join(oneOf("1 100"), " ", operator, " (", plain, ")"),
);

/** Text of a metrics query without compare(). */
export const arbitraryMetrics: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: join(plain, second) },
  { weight: 2, arbitrary: join(arithmetic, second) },
);
