// Matchers of a selector: which metrics they mean, what the store has to check, what is left to check here.

import { ClewError } from "@clew/base";
import type { EdgeSeriesLabel, LabelMatcher, SpanSeriesLabel } from "@clew/storage";
import { type Metric, metrics, sourceLabels } from "./metrics.ts";
import type { Matcher, Selector } from "./promql/ast.ts";

/** Matchers on labels that the store knows, by what it is asked for. */
export type StoredMatchers =
  | { readonly source: "spans"; readonly matchers: readonly LabelMatcher<SpanSeriesLabel>[] }
  | { readonly source: "edges"; readonly matchers: readonly LabelMatcher<EdgeSeriesLabel>[] };

/** A metric with the matchers that its series must meet. */
export interface MatchedMetric {
  readonly metric: Metric;
  readonly stored: StoredMatchers;
  /** On the bound of a bucket. */
  readonly bounds: readonly Matcher[];
}

/** The metrics that a selector means; a metric of which no series can match is left out. */
export function matchedMetrics({ matchers }: Selector): MatchedMetric[] {
  const names = matchers.filter(({ label }) => label === "__name__");
  const others = matchers.filter(({ label }) => label !== "__name__");
  return metrics
    .filter(({ name }) => names.every((matcher) => matches(matcher, name)))
    .flatMap((metric) => {
      const known = new Set<string>(sourceLabels[metric.source]);
      const bounds = others.filter(({ label }) => label === "le" && metric.part === "bucket");
      const absent = others.filter((one) => !known.has(one.label) && !bounds.includes(one));
      // A label that a series does not have is the empty text.
      if (!absent.every((matcher) => matches(matcher, ""))) return [];
      return [{ metric, stored: storedMatchers(metric.source, others), bounds }];
    });
}

/** Those of the matchers that the store can check. */
export function storedMatchers(
  source: Metric["source"],
  matchers: readonly Matcher[],
): StoredMatchers {
  return source === "spans"
    ? { source, matchers: onLabels(matchers, sourceLabels.spans) }
    : { source, matchers: onLabels(matchers, sourceLabels.edges) };
}

function onLabels<L extends string>(
  matchers: readonly Matcher[],
  labels: readonly L[],
): LabelMatcher<L>[] {
  return matchers.flatMap(({ label: wanted, operator, value }) => {
    const label = labels.find((one) => one === wanted);
    return label === undefined ? [] : [{ label, operator, value }];
  });
}

/** Whether a label's value meets a matcher. For texts of our own; patterns of users on stored texts go to the store. */
export function matches({ operator, value: wanted }: Matcher, value: string): boolean {
  switch (operator) {
    case "=":
      return value === wanted;
    case "!=":
      return value !== wanted;
    case "=~":
      return matchesPattern(wanted, value);
    case "!~":
      return !matchesPattern(wanted, value);
  }
}

/**
 * Whether a simple pattern matches the whole value: alternatives of letters, `.`, `.*` and `.+`, behind `(?i)` without
 * regard to case, as Grafana's metrics explorer asks for names. JavaScript's own expressions can be made to run for
 * ever, and these texts need no more.
 */
function matchesPattern(pattern: string, value: string): boolean {
  if (pattern.startsWith("(?i)"))
    return matchesPattern(pattern.slice(4).toLowerCase(), value.toLowerCase());
  const bare = pattern.replace(/^\^/, "").replace(/\$$/, "");
  const inside = /^\(([^()]*)\)$/.exec(bare)?.[1] ?? bare;
  return inside.split("|").some((alternative) => matchesGlob(tokensOf(alternative), value));
}

type GlobToken = { readonly letter: string } | { readonly any: "one" | "some" | "all" };

function tokensOf(alternative: string): GlobToken[] {
  const tokens: GlobToken[] = [];
  for (const [part, escaped] of alternative.matchAll(/\\([^A-Za-z0-9])|\.\*|\.\+|\.|[^]/gu)) {
    if (part === ".*") tokens.push({ any: "all" });
    else if (part === ".+") tokens.push({ any: "some" });
    else if (part === ".") tokens.push({ any: "one" });
    else if (escaped === undefined && /[\\()[\]{}*+?^$]/.test(part)) {
      throw new ClewError(
        "bad_request",
        `the pattern ${JSON.stringify(alternative.slice(0, 100))} is not supported for this label`,
        {
          hint: "only |, ., .*, .+ and (?i) in front are, on __name__, le and labels that the metric does not have",
        },
      );
    } else tokens.push({ letter: escaped ?? part });
  }
  return tokens;
}

/** Which prefixes of the value the tokens so far can match: no backtracking, so time is tokens times letters. */
function matchesGlob(tokens: readonly GlobToken[], value: string): boolean {
  const letters = Array.from(value);
  let reached = letters.map(() => false);
  reached.unshift(true);
  for (const token of tokens) {
    const next = reached.map(() => false);
    let before = false;
    reached.forEach((is, i) => {
      if ("letter" in token)
        next[i] = i > 0 && reached[i - 1] === true && letters[i - 1] === token.letter;
      else if (token.any === "one") next[i] = i > 0 && reached[i - 1] === true;
      else next[i] = before || (token.any === "all" && is);
      before ||= is;
    });
    reached = next;
  }
  return reached.at(-1) === true;
}
