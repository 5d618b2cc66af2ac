// What HTTP servers and clients of all versions share: methods, ignored paths, statuses.

import { wildcard } from "../sample/rules.ts";
import type { RecordingSpan } from "../trace/span.ts";

const METHODS: ReadonlySet<string> = new Set([
  "GET",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "HEAD",
  "OPTIONS",
  "CONNECT",
  "TRACE",
  "QUERY",
]);

/** The method as the conventions write it: one of those known, else `_OTHER`. */
export function knownMethod(method: string): string {
  return METHODS.has(method) ? method : "_OTHER";
}

/** The first part of a span's name: `HTTP` for methods that anybody could make up. */
export function nameOfMethod(method: string): string {
  return METHODS.has(method) ? method : "HTTP";
}

/** Names a server's span after its route, unless the program has named it. Its first attribute is the method. */
export function nameByRoute(span: RecordingSpan): void {
  const { attributes } = span;
  const method = attributes[1];
  if (span.name !== (method === "_OTHER" ? "HTTP" : method)) return;
  for (let at = 2; at < attributes.length; at += 2) {
    if (attributes[at] !== "http.route") continue;
    span.name = `${span.name} ${String(attributes[at + 1])}`;
    return;
  }
}

/** A test whether a path is one of `patterns`. */
export function pathTest(patterns: readonly string[]): (path: string) => boolean {
  if (patterns.length === 0) return () => false;
  const tests = patterns.map(wildcard);
  return (path) => tests.some((fits) => fits(path));
}

/** Host and port of a Host header or authority. */
export interface HostPort {
  readonly host: string;
  readonly port: number | undefined;
}

const MOST_HOSTS = 256;
const hosts = new Map<string, HostPort>();

/** Parses `host`, `host:port` or `[v6]:port`; keeps the last few hundred, as there are mostly few. */
export function parseHost(text: string): HostPort {
  const known = hosts.get(text);
  if (known !== undefined) return known;
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(text);
  const host = (match?.[1] ?? text).replace(/^\[(.*)\]$/, "$1");
  const parsed = { host, port: match?.[2] === undefined ? undefined : Number(match[2]) };
  if (hosts.size >= MOST_HOSTS) hosts.clear();
  hosts.set(text, parsed);
  return parsed;
}

/** A request's target, taken apart (RFC 9112, "Request Target"). */
export interface Target {
  readonly path: string;
  /** Without `?`; empty when there is none. */
  readonly query: string;
  /** Where the client meant to go, when it wrote that down, as it does to a proxy. */
  readonly authority: string | undefined;
}

const ABSOLUTE = /^[a-z][a-z\d+.-]*:\/\/(?:[^/?#@]*@)?([^/?#]*)([^]*)$/i;

/** Takes apart `/path?query` and `http://host/path?query`; credentials in the latter are left out. */
export function parseTarget(url: string): Target {
  const absolute = url.startsWith("/") ? null : ABSOLUTE.exec(url);
  const rest = absolute === null ? url : (absolute[2] as string);
  const mark = rest.indexOf("?");
  const path = mark < 0 ? rest : rest.slice(0, mark);
  const query = mark < 0 ? "" : rest.slice(mark + 1);
  return absolute === null
    ? { path, query, authority: undefined }
    : { path: path === "" ? "/" : path, query, authority: absolute[1] };
}
