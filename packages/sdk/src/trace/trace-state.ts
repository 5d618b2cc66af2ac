// W3C tracestate (Trace Context level 2, section 3.3): a list of at most 32 members, `key=value`. A list with
// one bad member is dropped whole, since nobody can tell what else went wrong with it.

import type { TraceState } from "@opentelemetry/api";

const MAX_MEMBERS = 32;
const MAX_TEXT = 8192;
const KEY = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/;
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** The checked, normalised text of a tracestate header; `undefined` when it is empty or invalid. */
export function checkTraceState(header: string): string | undefined {
  if (header.length > MAX_TEXT) return undefined;
  const kept: string[] = [];
  const seen = new Set<string>();
  let count = 0;
  for (const part of header.split(",")) {
    const member = trimOws(part);
    if (member === "") continue; // empty members are allowed, and count for nothing
    const equals = member.indexOf("=");
    const key = member.slice(0, equals);
    if (equals < 0 || !KEY.test(key) || !VALUE.test(member.slice(equals + 1))) return undefined;
    if (++count > MAX_MEMBERS) return undefined;
    if (seen.has(key)) continue; // the left-most member is the latest
    seen.add(key);
    kept.push(member);
  }
  return kept.length === 0 ? undefined : kept.join(",");
}

/** `text` without spaces and tabs around it (OWS of HTTP). */
export function trimOws(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isOws(text.charCodeAt(from))) from++;
  while (to > from && isOws(text.charCodeAt(to - 1))) to--;
  return from === 0 && to === text.length ? text : text.slice(from, to);
}

function isOws(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** The value of a member of a checked tracestate. */
export function memberOf(text: string, key: string): string | undefined {
  for (const member of text.split(",")) {
    if (member.startsWith(key) && member[key.length] === "=") return member.slice(key.length + 1);
  }
  return undefined;
}

/** `text` with a member set and moved to the front; the last one gives way when there are too many. */
export function withMember(text: string | undefined, key: string, value: string): string {
  const rest = withoutMember(text, key);
  const members = rest === undefined ? [] : rest.split(",").slice(0, MAX_MEMBERS - 1);
  return [`${key}=${value}`, ...members].join(",");
}

/** `text` without a member; `undefined` when nothing is left. */
export function withoutMember(text: string | undefined, key: string): string | undefined {
  if (text === undefined) return undefined;
  const rest = text.split(",").filter((member) => !member.startsWith(`${key}=`));
  return rest.length === 0 ? undefined : rest.join(",");
}

class ParsedTraceState implements TraceState {
  readonly #text: string | undefined;

  constructor(text: string | undefined) {
    this.#text = text;
  }

  set(key: string, value: string): TraceState {
    if (!KEY.test(key) || !VALUE.test(value)) return this;
    return new ParsedTraceState(withMember(this.#text, key, value));
  }

  unset(key: string): TraceState {
    return new ParsedTraceState(withoutMember(this.#text, key));
  }

  get(key: string): string | undefined {
    return this.#text === undefined ? undefined : memberOf(this.#text, key);
  }

  serialize(): string {
    return this.#text ?? "";
  }
}

/** OpenTelemetry's TraceState over a checked text. */
export function traceStateOf(text: string): TraceState {
  return new ParsedTraceState(text);
}
