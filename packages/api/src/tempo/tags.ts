// Tag names and tag values from the TraceQL reader, in Tempo's words.

import { ClewError } from "@clew/base";
import type { tempo } from "@clew/codec";
import type { TagNames } from "@clew/model";
import type { TraceqlReader } from "@clew/storage";
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
): Promise<tempo.TagScope[]> {
  const { scope } = request;
  const question = tagQuestion(request, asker);
  if (scope === "" || scope === "none") return namesOf(await reader.tagNames(question, signal));
  if (isScope(scope)) return namesOf(await reader.tagNames({ ...question, scope }, signal));
  throw new ClewError("bad_request", `invalid scope: ${JSON.stringify(scope.slice(0, 100))}`, {
    hint: `a scope is one of ${scopes.join(", ")}`,
  });
}

function namesOf(found: readonly TagNames[]): tempo.TagScope[] {
  return found
    .filter(({ names }) => names.length > 0)
    .map(({ scope, names }) => ({ name: scope, tags: names }));
}

/** Values of a tag, most frequent first. `bare`: a name without scope is an attribute (version 1). */
export async function readTagValues(
  reader: TraceqlReader,
  request: tempo.TagRequest,
  asker: Asker,
  bare: boolean,
  signal: AbortSignal,
): Promise<tempo.TagValueEntry[]> {
  const values = await reader.tagValues(tagValuesQuestion(request, asker, bare), signal);
  return values.map(({ type, value }) => ({ type, value }));
}
