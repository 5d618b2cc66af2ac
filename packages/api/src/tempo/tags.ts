// Tag names and tag values from the TraceQL reader, in Tempo's words.

import { ClewError } from "@clew/base";
import type { tempo } from "@clew/codec";
import type { TagNames, TagNamesResult } from "@clew/model";
import type { TraceqlReader } from "@clew/storage";
import { costOf } from "./answers.ts";
import { type Asker, tagQuestion, tagValuesQuestion } from "./questions.ts";

const scopes: readonly TagNames["scope"][] = [
  "span",
  "resource",
  "event",
  "link",
  "instrumentation",
  "intrinsic",
];

function isScope(text: string): text is TagNames["scope"] {
  return (scopes as readonly string[]).includes(text);
}

/** Names by scope; scopes without a name are left out. Raises `bad_request` for an unknown scope. */
export async function readTagNames(
  reader: TraceqlReader,
  request: tempo.TagRequest,
  asker: Asker,
  signal: AbortSignal,
): Promise<{ readonly scopes: tempo.TagScope[]; readonly cost: tempo.QueryCost }> {
  const { scope } = request;
  const question = tagQuestion(request, asker);
  if (scope === "" || scope === "none") return namesOf(await reader.tagNames(question, signal));
  if (isScope(scope)) return namesOf(await reader.tagNames({ ...question, scope }, signal));
  throw new ClewError("bad_request", `invalid scope: ${JSON.stringify(scope.slice(0, 100))}`, {
    hint: `a scope is one of ${scopes.join(", ")}`,
  });
}

function namesOf({ scopes: found, cost }: TagNamesResult) {
  const named = found.filter(({ names }) => names.length > 0);
  return {
    scopes: named.map(({ scope, names }) => ({ name: scope, tags: [...names] })),
    cost: costOf(cost),
  };
}

/** Values of a tag, most frequent first. `bare`: a name without scope is an attribute (version 1). */
export async function readTagValues(
  reader: TraceqlReader,
  request: tempo.TagRequest,
  asker: Asker,
  bare: boolean,
  signal: AbortSignal,
): Promise<{ readonly values: tempo.TagValueEntry[]; readonly cost: tempo.QueryCost }> {
  const question = tagValuesQuestion(request, asker, bare);
  const { values, cost } = await reader.tagValues(question, signal);
  return { values: values.map(({ type, value }) => ({ type, value })), cost: costOf(cost) };
}
