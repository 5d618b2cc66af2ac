// The fixed words of completion, by what is wanted.

import type { Frame, Wanted } from "./complete-frame.ts";
import {
  aggregateFunctions,
  attributeScopes,
  intrinsicNames,
  intrinsicTypes,
  kindWords,
  rangeFunctions,
  statusWords,
  unscopedIntrinsics,
} from "./vocabulary.ts";

export interface CompletionWord {
  readonly text: string;
  readonly kind: "intrinsic" | "scope" | "operator" | "literal" | "function" | "bracket";
  /** One line that says what it does. */
  readonly detail: string;
}

const operatorDetails: Readonly<Record<string, string>> = {
  "=": "equal",
  "!=": "there, and not equal",
  "<": "less",
  "<=": "less or equal",
  ">": "greater",
  ">=": "greater or equal",
  "=~": "matches the whole regular expression",
  "!~": "there, and does not match",
  "&&": "both",
  "||": "either",
};

const spansetDetails: Readonly<Record<string, string>> = {
  "|": "next stage",
  "&&": "traces with both, all their spans",
  "||": "spans of either",
  ">": "right spans that are children of left ones",
  ">>": "right spans that are descendants of left ones",
  "<": "right spans that are parents of left ones",
  "<<": "right spans that are ancestors of left ones",
  "~": "right spans that are siblings of left ones",
  "!>": "right spans that are no children of left ones",
  "!>>": "right spans that are no descendants of left ones",
  "!<": "right spans that are no parents of left ones",
  "!<<": "right spans that are no ancestors of left ones",
  "!~": "right spans that are no siblings of left ones",
  "&>": "parents and children, both sides",
  "&>>": "ancestors and descendants, both sides",
  "&<": "children and parents, both sides",
  "&<<": "descendants and ancestors, both sides",
  "&~": "siblings, both sides",
};

const functionDetails: Readonly<Record<string, string>> = {
  count: "number of spans",
  min: "least value",
  max: "greatest value",
  avg: "mean value",
  sum: "sum of values",
  by: "one group of spans for each value",
  coalesce: "merges the groups again",
  select: "shows further fields",
  rate: "spans per second",
  count_over_time: "spans in each step",
  min_over_time: "least value in each step",
  max_over_time: "greatest value in each step",
  sum_over_time: "sum of values in each step",
  avg_over_time: "mean value in each step",
  quantile_over_time: "quantiles of a value in each step",
  histogram_over_time: "spans by size of a value in each step",
  compare: "which attributes set a selection apart",
  topk: "the highest series of each step",
  bottomk: "the lowest series of each step",
};

type Words = readonly CompletionWord[];

function operators(details: Readonly<Record<string, string>>, ...some: readonly string[]): Words {
  return some.map((text) => ({ text, kind: "operator", detail: details[text] ?? "" }));
}

function functions(...names: readonly string[]): Words {
  return names.map((name) => ({
    text: `${name}(`,
    kind: "function",
    detail: functionDetails[name] ?? "",
  }));
}

function literals(detail: string, words: Iterable<string>): Words {
  return Array.from(words, (text) => ({ text, kind: "literal", detail }));
}

const references: Words = [
  ...Array.from(unscopedIntrinsics, ([text, name]) => ({
    text,
    kind: "intrinsic" as const,
    detail: `${intrinsicTypes[name]}, same as ${name}`,
  })),
  ...intrinsicNames
    .filter((text) => text.includes(":"))
    .map((text) => ({ text, kind: "intrinsic" as const, detail: intrinsicTypes[text] })),
  ...attributeScopes.map((scope) => ({
    text: `${scope}.`,
    kind: "scope" as const,
    detail: `attributes of the ${scope}`,
  })),
  { text: "parent.", kind: "scope", detail: "fields of the span's parent" },
  { text: "root.", kind: "scope", detail: "fields of the trace's root span" },
];

const spansetStart: Words = [
  { text: "{", kind: "bracket", detail: "spans that meet a condition" },
  { text: "!{", kind: "bracket", detail: "traces without such spans" },
];
const booleans = literals("bool", ["true", "false"]);
const comparisonWords = operators(
  operatorDetails,
  "=",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "=~",
  "!~",
  "&&",
  "||",
);

/** Words that fit and begin with `prefix`. */
export function wordsFor(wanted: Wanted, frame: Frame, prefix: string): Words {
  return fitting(wanted, frame).filter(({ text }) => text.startsWith(prefix));
}

function fitting({ what }: Wanted, frame: Frame): Words {
  switch (what) {
    case "operand":
      return [...references, ...booleans];
    case "reference":
      return references;
    case "value":
      return valueWords(frame);
    case "comparison":
      return comparisonWords;
    case "logic":
      return operators(operatorDetails, "&&", "||");
    case "spanset":
      return spansetStart;
    case "stage":
      return [
        ...functions("by", "select", "coalesce", ...aggregateFunctions, ...rangeFunctions),
        ...functions("compare", "topk", "bottomk"),
        ...spansetStart,
      ];
    case "afterSpanset":
      return operators(spansetDetails, ...Object.keys(spansetDetails));
    case "afterAggregate":
      return operators(operatorDetails, ">", ">=", "<", "<=", "=", "!=");
    case "afterMetrics":
      return [
        ...functions("by"),
        ...operators(spansetDetails, "|"),
        ...operators(operatorDetails, ">", "<"),
      ];
    case "nothing":
      return [];
  }
}

/** Values that the language itself knows, by the field on the left. */
function valueWords({ tokens }: Frame): Words {
  const subject = tokens.at(-2);
  if (subject?.kind === "attribute") return [...booleans, ...literals("absent", ["nil"])];
  const name =
    subject?.kind === "intrinsic"
      ? subject.name
      : subject?.kind === "word"
        ? unscopedIntrinsics.get(subject.word)
        : undefined;
  const type = name === undefined ? undefined : intrinsicTypes[name];
  if (type === "status") return literals("status", statusWords);
  if (type === "kind") return literals("kind", kindWords);
  return [];
}
