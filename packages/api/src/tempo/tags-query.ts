// Searches by tags, the form that is older than TraceQL: `tags` in logfmt, minDuration and maxDuration. They
// become a TraceQL query: one span has all of the tags, the trace has the duration.

import { ClewError } from "@clew/base";
import { goDuration } from "./time.ts";

const pairForm = /\s*([^\s="]+)(?:=("(?:[^"\\]|\\.)*"|[^\s"]*))?(?=\s|$)/gy;

/** Tags of a logfmt text such as `service.name=web http.route="/a b"`. Raises `bad_request`. */
export function parseLogfmt(text: string): Map<string, string> {
  const tags = new Map<string, string>();
  let at = 0;
  pairForm.lastIndex = 0;
  for (let match = pairForm.exec(text); match !== null; match = pairForm.exec(text)) {
    const [, key = "", value = ""] = match;
    tags.set(key, value.startsWith('"') ? unquote(value) : value);
    at = pairForm.lastIndex;
  }
  if (text.slice(at).trim() === "") return tags;
  throw new ClewError("bad_request", `invalid tags: not logfmt at position ${at}`, {
    hint: 'write key=value pairs with blanks between, values with blanks in quotes: a=b c="d e"',
  });
}

function unquote(text: string): string {
  const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };
  return text.slice(1, -1).replaceAll(/\\(.)/gs, (_, letter: string) => escapes[letter] ?? letter);
}

/** The TraceQL query for tags and durations of the trace in nanoseconds; `{}` when there is no condition. */
export function queryOfTags(
  tags: Iterable<readonly [string, string]>,
  minNano: bigint,
  maxNano: bigint,
): string {
  const conditions = [...tags].map(([key, value]) => condition(key, value));
  if (minNano > 0n) conditions.push(`trace:duration >= ${goDuration(minNano)}`);
  if (maxNano > 0n) conditions.push(`trace:duration <= ${goDuration(maxNano)}`);
  return conditions.length === 0 ? "{}" : `{ ${conditions.join(" && ")} }`;
}

function condition(key: string, value: string): string {
  const text = quoted(value);
  switch (key) {
    case "name":
      return `span:name = ${text}`;
    case "root.name":
      return `trace:rootName = ${text}`;
    case "root.service.name":
      return `trace:rootService = ${text}`;
    case "status":
    case "status.code":
      if (["error", "ok", "unset"].includes(value)) return `span:status = ${value}`;
      break;
    case "error":
      if (value === "true") return "(span:status = error || .error = true)";
      break;
  }
  const name = `."${key.replaceAll(/["\\]/g, "\\$&")}"`;
  // Senders write 200 as a number and as a text; tags never told which.
  const literal = /^(-?\d{1,18}(\.\d{1,15})?|true|false)$/.test(value) ? value : undefined;
  return literal === undefined
    ? `${name} = ${text}`
    : `(${name} = ${text} || ${name} = ${literal})`;
}

function quoted(text: string): string {
  return JSON.stringify(text.toWellFormed());
}
