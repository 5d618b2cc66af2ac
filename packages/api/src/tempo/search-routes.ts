// Search, tag names and tag values over HTTP.

import { ClewError } from "@clew/base";
import { type tempo, tempoJson, tempoProtobuf } from "@clew/codec";
import { textStream } from "../http/large-pieces.ts";
import type { LooseQuery } from "../http/loose-query.ts";
import { costOf, foundTrace } from "./answers.ts";
import {
  type Ask,
  answerForm,
  asBuffer,
  invalid,
  numberOf,
  positiveOf,
  type TempoCall,
  type TempoOptions,
} from "./call.ts";
import { searchQuestion } from "./questions.ts";
import { searchTraces } from "./search.ts";
import { readTagNames, readTagValues } from "./tags.ts";
import { parseLogfmt } from "./tags-query.ts";
import { parseGoDuration, parseTempoTime } from "./time.ts";

export function searchRoutes(ask: Ask): void {
  ask("/api/search", search);
  ask("/api/search/tags", tagNames);
  ask("/api/v2/search/tags", tagScopes);
  ask("/api/search/tag/:tag/values", tagTexts);
  ask("/api/v2/search/tag/:tag/values", tagValues);
}

async function search(options: TempoOptions, call: TempoCall): Promise<unknown> {
  const { query, asker, reply, signal } = call;
  const cursor = query.one("cursor");
  const question = searchQuestion(searchRequest(call), asker, {
    sort: sortOf(query.one("sort")),
    ...(cursor === undefined ? {} : { cursor }),
  });
  const found = await searchTraces(options.traceql(), question, signal);
  // Not in the body: Grafana refuses fields that it does not know.
  if (found.nextCursor !== undefined) void reply.header("x-clew-next-cursor", found.nextCursor);
  const answer = { traces: found.traces.map(foundTrace), metrics: costOf(found.cost) };
  return answerForm(call) === "protobuf"
    ? asBuffer(tempoProtobuf.encodeSearchResponse(answer))
    : textStream(tempoJson.encodeSearchResponseJson(answer));
}

function searchRequest({ query }: TempoCall): tempo.SearchRequest {
  return {
    tags: Object.fromEntries(parseLogfmt(query.one("tags") ?? "")),
    query: query.one("q") ?? "",
    minDurationMs: milliseconds(query.one("minDuration"), "minDuration"),
    maxDurationMs: milliseconds(query.one("maxDuration"), "maxDuration"),
    limit: positiveOf(query, "limit"),
    ...secondsOf({ query }),
    spansPerSpanSet: spansPerSpanSetOf(query),
  };
}

/** 0, which tempo-cli sends for none, is the default. */
function spansPerSpanSetOf(query: LooseQuery): number {
  const spans = numberOf(query, "spss", 0);
  if (spans >= 0) return spans;
  throw invalid("spss", String(spans), "must not be negative");
}

function milliseconds(text: string | undefined, name: string): number {
  if (text === undefined) return 0;
  const nano = parseGoDuration(text);
  if (nano === undefined) throw invalid(name, text, "must be a duration such as 100ms or 1.5s");
  return Number(nano) / 1e6;
}

function secondsOf({ query }: Pick<TempoCall, "query">): { start: number; end: number } {
  const one = (name: string): number => {
    const text = query.one(name);
    if (text === undefined) return 0;
    const nano = parseTempoTime(text);
    if (nano === undefined) throw invalid(name, text, "must be a time in seconds since 1970");
    return Number(nano / 1_000_000_000n);
  };
  return { start: one("start"), end: one("end") };
}

function sortOf(text: string | undefined): "newest" | "slowest" {
  if (text === undefined || text === "newest") return "newest";
  if (text === "slowest") return "slowest";
  throw invalid("sort", text, "must be newest or slowest");
}

function tagRequest({ query, request }: TempoCall): tempo.TagRequest {
  const { tag = "" } = request.params as { tag?: string };
  return {
    scope: query.one("scope") ?? "",
    tagName: tag,
    query: query.one("q") ?? "",
    ...secondsOf({ query }),
    limit: positiveOf(query, "limit"),
  };
}

async function tagScopes(options: TempoOptions, call: TempoCall): Promise<unknown> {
  const { asker, signal } = call;
  const { scopes, cost } = await readTagNames(options.traceql(), tagRequest(call), asker, signal);
  return answerForm(call) === "protobuf"
    ? asBuffer(tempoProtobuf.encodeTagScopes(scopes, cost))
    : tempoJson.encodeTagScopesJson(scopes, cost);
}

async function tagNames(options: TempoOptions, call: TempoCall): Promise<unknown> {
  const request = tagRequest(call);
  const { asker, signal } = call;
  const { scopes, cost } = await readTagNames(options.traceql(), request, asker, signal);
  const names = flatNames(scopes, request.scope);
  return answerForm(call) === "protobuf"
    ? asBuffer(tempoProtobuf.encodeTexts(names, cost))
    : tempoJson.encodeTextsJson("tagNames", names, cost);
}

/** Names without scopes; intrinsics only when they are asked for. */
export function flatNames(scopes: readonly tempo.TagScope[], scope: string): string[] {
  const wanted = scopes.filter(({ name }) => scope !== "" || name !== "intrinsic");
  return [...new Set(wanted.flatMap(({ tags }) => tags))].toSorted();
}

async function tagTexts(options: TempoOptions, call: TempoCall): Promise<unknown> {
  const { asker, signal } = call;
  const request = tagRequest(call);
  const { values, cost } = await readTagValues(options.traceql(), request, asker, true, signal);
  const texts = [...new Set(values.map(({ value }) => value))];
  return answerForm(call) === "protobuf"
    ? asBuffer(tempoProtobuf.encodeTexts(texts, cost))
    : tempoJson.encodeTextsJson("tagValues", texts, cost);
}

async function tagValues(options: TempoOptions, call: TempoCall): Promise<unknown> {
  const { asker, signal } = call;
  const request = tagRequest(call);
  if (request.tagName === "") throw new ClewError("bad_request", "the tag has no name");
  const { values, cost } = await readTagValues(options.traceql(), request, asker, false, signal);
  switch (answerForm(call, true)) {
    case "protobuf":
      return asBuffer(tempoProtobuf.encodeTagValues(values, cost));
    case "llm":
      return JSON.stringify({ tagValues: byType(values), metrics: {} });
    case "json":
      return tempoJson.encodeTagValuesJson(values, cost);
  }
}

function byType(values: readonly tempo.TagValueEntry[]): Record<string, string[]> {
  const types = new Map<string, string[]>();
  for (const { type, value } of values) types.set(type, [...(types.get(type) ?? []), value]);
  return Object.fromEntries(types);
}
