// What may come next in the query: words of the language, and names and values that occur on the spans that the
// rest of the query leaves.

import { oneLine } from "@clew/base";
import type { TagNames, TagValue } from "@clew/model";
import { type Completion, type CompletionWord, complete } from "@clew/traceql";
import {
  type CompletionContext,
  type CompletionResult,
  type Completion as Option,
  pickedCompletion,
  startCompletion,
} from "@codemirror/autocomplete";
import type { EditorView } from "@codemirror/view";
import { apiJson } from "../../../api/client.ts";
import {
  type TagNamesAnswer,
  type TagValuesAnswer,
  tagNamesUrl,
  tagValuesUrl,
} from "../../../api/traceql-queries.ts";
import { formatCompact } from "../../../format/number.ts";
import { attributeText, quoted } from "../../../query/filter-text.ts";
import { filterText } from "../../../query/rewrite.ts";
import type { ResolvedRange } from "../../../router/time-range.ts";

const fields = { name: "Fields of spans", rank: 1 };
const attributes = { name: "Attributes in the data", rank: 2 };
const values = { name: "Values in the data", rank: 1 };
const language = { name: "TraceQL", rank: 3 };

/** Fields that questions begin with, the most wanted first. */
const prominent = ["name", "status", "duration", "kind", "rootServiceName", "rootName"];

/** Suggestions at the cursor. `range` is asked anew each time: it moves with the clock. */
export function suggester(
  range: () => ResolvedRange,
): (context: CompletionContext) => Promise<CompletionResult | null> {
  return async (context) => {
    const found = complete(context.state.doc.toString(), context.pos);
    const abort = new AbortController();
    context.addEventListener("abort", () => abort.abort(), { onDocChange: true });
    const filter = found.filter && filterText(found.filter);
    const options = [
      ...(found.attribute === undefined
        ? []
        : await namesFor(found.attribute, tagNamesUrl(range(), filter), abort.signal)),
      ...(found.value === undefined ? [] : await valuesFor(found, range(), filter, abort.signal)),
      ...found.words.filter(({ text }) => text !== found.prefix).map(wordOption),
    ];
    if (options.length === 0 || context.aborted) return null;
    return { from: found.replace.start, to: found.replace.end, options };
  };
}

/** Answers of the last minutes: while one types, the same is asked again and again. */
const answers = new Map<string, Promise<unknown>>();

async function asked<T>(url: string, signal: AbortSignal): Promise<T | undefined> {
  let answer = answers.get(url) as Promise<T> | undefined;
  if (answer === undefined) {
    answer = apiJson<T>(url, signal);
    answers.set(url, answer);
    if (answers.size > 200) answers.delete(answers.keys().next().value as string);
  }
  try {
    return await answer;
  } catch {
    // Suggestions are a help: without an answer there are fewer of them.
    answers.delete(url);
    return undefined;
  }
}

async function namesFor(
  { owner, scope }: NonNullable<Completion["attribute"]>,
  url: string,
  signal: AbortSignal,
): Promise<Option[]> {
  const answer = await asked<TagNamesAnswer>(url, signal);
  const scopes = (answer?.scopes ?? []).filter(
    (one) => one.scope !== "intrinsic" && (scope === "any" || one.scope === scope),
  );
  return scopes.flatMap(({ scope: of, names }) =>
    names.map((name, i) => nameOption(of, name, owner === "self" ? "" : owner, i)),
  );
}

function nameOption(scope: TagNames["scope"], name: string, owner: string, rank: number): Option {
  const text = attributeText(scope as "span", name, owner);
  return {
    label: text,
    displayLabel: oneLine(text, 90),
    type: "attribute",
    section: attributes,
    boost: text === "resource.service.name" ? 99 : 60 - Math.min(50, rank / 4),
    apply: insertAndGoOn(text),
  };
}

async function valuesFor(
  found: Completion,
  range: ResolvedRange,
  filter: string | undefined,
  signal: AbortSignal,
): Promise<Option[]> {
  const { field, operator } = found.value as NonNullable<Completion["value"]>;
  // All of them when they are few, so that any part of a value may be typed; else those that begin so.
  let answer = await asked<TagValuesAnswer>(tagValuesUrl(range, field.text, "", filter), signal);
  if ((answer?.values.length ?? 0) >= 100 && found.prefix !== "") {
    const url = tagValuesUrl(range, field.text, found.prefix.replace(/"$/, ""), filter);
    answer = await asked<TagValuesAnswer>(url, signal);
  }
  const isPattern = operator === "=~" || operator === "!~";
  return (answer?.values ?? [])
    .filter(({ type }) => !isPattern || type === "string")
    .map((value, i) => valueOption(value, isPattern, i));
}

function valueOption({ type, value, count }: TagValue, isPattern: boolean, rank: number): Option {
  const text = isPattern ? value.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&") : value;
  const literal = type === "string" ? quoted(text) : text;
  return {
    label: literal,
    displayLabel: oneLine(literal, 90),
    ...(count > 0 ? { detail: formatCompact(count) } : {}),
    type: "value",
    section: values,
    boost: 50 - Math.min(49, rank / 2),
    apply: literal,
  };
}

function wordOption({ text, kind, detail }: CompletionWord, i: number): Option {
  const place = prominent.indexOf(text);
  const base = {
    label: text,
    detail,
    type: kind,
    boost: place >= 0 ? 90 - place : kind === "intrinsic" && text.includes(":") ? -20 : 0,
    section: kind === "intrinsic" || kind === "scope" ? fields : language,
  };
  // The words of status and kind are all there is; true, false and nil come after what the data has.
  const isRare = text === "true" || text === "false" || text === "nil";
  if (kind === "literal") return { ...base, section: values, boost: isRare ? -50 : 60 };
  // Operators keep the order of the language: `=` before `!=`.
  if (kind === "operator") return { ...base, boost: 50 - i, apply: insertAndGoOn(text) };
  if (kind === "function") return { ...base, apply: insertCall(text) };
  if (text === "{" || text === "!{") return { ...base, apply: insertAround(`${text} `, " }") };
  if (kind === "scope") return { ...base, apply: insertAround(text, "") };
  return { ...base, apply: insertAndGoOn(text) };
}

type Apply = (view: EditorView, option: Option, from: number, to: number) => void;

/** Inserts the text and a blank, and suggests what may follow. */
function insertAndGoOn(text: string): Apply {
  return (view, option, from, to) => {
    // A blank that is there is used, but for the one before a brace that closes.
    const hasBlank = /^ [^\s})]/.test(view.state.sliceDoc(to, to + 2));
    const closes = /^[),]/.test(view.state.sliceDoc(to, to + 1));
    const insert = hasBlank || closes ? text : `${text} `;
    put(view, option, from, to, insert, text.length + (closes ? 0 : 1));
  };
}

/** Inserts two texts with the cursor between them. */
function insertAround(before: string, after: string): Apply {
  return (view, option, from, to) => {
    // A brace that the editor has closed already needs no second one.
    const closed = after !== "" && /^\s*[})]/.test(view.state.sliceDoc(to, to + 2));
    put(view, option, from, to, `${before}${closed ? "" : after}`, before.length);
  };
}

/** `rate(` as `rate()`, with the cursor inside when it takes something. */
function insertCall(text: string): Apply {
  const takesNothing = ["count(", "coalesce(", "rate(", "count_over_time("].includes(text);
  if (takesNothing) return insertAndGoOn(`${text})`);
  const [before, after] = text === "compare(" ? [`${text}{ `, " })"] : [text, ")"];
  return insertAround(before, after);
}

function put(
  view: EditorView,
  option: Option,
  from: number,
  to: number,
  insert: string,
  cursor: number,
): void {
  view.dispatch({
    changes: { from, to, insert },
    selection: { anchor: from + cursor },
    annotations: pickedCompletion.of(option),
    userEvent: "input.complete",
    scrollIntoView: true,
  });
  startCompletion(view);
}
