// What Jaeger's tags ask for as a filter of spans: `tag=key:value`, `tags` as a JSON map or as logfmt. Tags
// that Jaeger makes from fields of the span (span.kind, error, otel.status_code) are asked of those fields.

import { ClewError } from "@clew/base";
import {
  type AttributeFilter,
  type SpanKindName,
  type StatusCodeName,
  spanKindNames,
} from "@clew/model";

export type TagEntry = readonly [key: string, value: string];

export interface TagFilter {
  readonly kind?: SpanKindName;
  readonly status?: StatusCodeName;
  readonly attributes: readonly AttributeFilter[];
}

const longestShown = 200;

/** One `tag` parameter. Raises `bad_request` in Jaeger's words. */
export function readTag(text: string): TagEntry {
  const colon = text.indexOf(":");
  if (colon > 0) return [text.slice(0, colon), text.slice(colon + 1)];
  throw new ClewError(
    "bad_request",
    `malformed 'tag' parameter, expecting key:value, received: ${text.slice(0, longestShown)}`,
  );
}

/** One `tags` parameter: a JSON map, or `key=value key="two words"`. Raises `bad_request`. */
export function readTags(text: string): TagEntry[] {
  return text.trimStart().startsWith("{") ? jsonTags(text) : logfmtTags(text);
}

function jsonTags(text: string): TagEntry[] {
  const malformed = (why: string): ClewError =>
    new ClewError("bad_request", `malformed 'tags' parameter, cannot unmarshal JSON: ${why}`);
  let map: Record<string, unknown>;
  try {
    // Numbers keep their digits: an id may have more than a double holds.
    map = JSON.parse(text, (_key: string, value: unknown, context?: { source?: string }) =>
      typeof value === "number" ? (context?.source ?? String(value)) : value,
    ) as Record<string, unknown>;
  } catch (cause) {
    throw malformed((cause as Error).message.slice(0, longestShown));
  }
  return Object.entries(map).map(([key, value]) => {
    if (typeof value === "string" || typeof value === "boolean") return [key, String(value)];
    throw malformed(`the value of ${JSON.stringify(key.slice(0, longestShown))} is not a text`);
  });
}

const pair = /\s*([^\s="]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*)))?(?=\s|$)\s*/y;

function logfmtTags(text: string): TagEntry[] {
  const entries: TagEntry[] = [];
  pair.lastIndex = 0;
  for (let at = 0; at < text.length; at = pair.lastIndex) {
    const match = pair.exec(text);
    if (match === null) {
      throw new ClewError(
        "bad_request",
        `malformed 'tags' parameter, expecting key=value at position ${at} of ${text.slice(0, longestShown)}`,
      );
    }
    const [, key = "", inQuotes, bare] = match;
    // A key alone is logfmt's way to say true.
    const value = inQuotes === undefined ? (bare ?? "true") : inQuotes.replace(/\\(.)/gs, "$1");
    entries.push([key, value]);
  }
  return entries;
}

/** The filter that all entries make together. */
export function tagFilter(entries: readonly TagEntry[]): TagFilter {
  let kind: SpanKindName | undefined;
  let status: StatusCodeName | undefined;
  const attributes: AttributeFilter[] = [];
  for (const [key, value] of entries) {
    const asKind = key === "span.kind" ? kindOf(value) : undefined;
    const asStatus = statusOf(key, value);
    if (asKind !== undefined && (kind === undefined || kind === asKind)) kind = asKind;
    else if (asStatus !== undefined && (status === undefined || status === asStatus))
      status = asStatus;
    else attributes.push({ scope: "any", key, operator: "=", value });
  }
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(status === undefined ? {} : { status }),
    attributes,
  };
}

function kindOf(value: string): SpanKindName | undefined {
  return spanKindNames.find((name) => name === value.toLowerCase());
}

function statusOf(key: string, value: string): StatusCodeName | undefined {
  if (key === "error") return value === "true" ? "error" : undefined;
  if (key !== "otel.status_code") return undefined;
  const name = value.toLowerCase();
  return name === "ok" || name === "error" ? name : undefined;
}
