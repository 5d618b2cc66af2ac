// Streams of Redis for the instrumentations of its clients: pure functions over the arguments of XADD and the answers of
// XREAD, XREADGROUP, XRANGE, XREVRANGE, XCLAIM and XAUTOCLAIM. Context travels as further fields of an entry.
// https://redis.io/docs/latest/commands/xadd

import { fieldsCarrier, textOf } from "../messaging/carrier.ts";
import { redisEntry } from "../messaging/incoming.ts";
import type { Begun, Message, Messaging } from "../messaging/operation.ts";

const FLAGS = new Set(["NOMKSTREAM", "KEEPREF", "DELREF", "ACKED"]);
const LIMITS = new Set(["MAXLEN", "MINID"]);

function word(value: unknown): string {
  return typeof value === "number" ? String(value) : (textOf(value) ?? "").toUpperCase();
}

/** Index of the entry's id in the arguments of XADD (after the name of the command); -1 when there is none. */
function idIndex(args: readonly unknown[]): number {
  let at = 1;
  while (at < args.length) {
    const option = word(args[at]);
    if (FLAGS.has(option)) at += 1;
    else if (LIMITS.has(option)) at += ["=", "~"].includes(word(args[at + 1])) ? 3 : 2;
    else if (option === "LIMIT" || option === "IDMP") at += 2 + Number(option === "IDMP");
    else if (option === "IDMPAUTO") at += 2;
    else return at;
  }
  return -1;
}

/** XADD as it is to be sent, and its span. */
export interface StreamAdd {
  readonly begun: Begun;
  /** The arguments with the context's fields. */
  readonly args: unknown[];
}

/**
 * Begins the span of an XADD. `args` are those after the command's name: key, options, id, fields and values.
 * `undefined` when they are no XADD that Redis would take.
 */
export function beginStreamAdd(
  messaging: Messaging,
  args: readonly unknown[],
  server: Pick<Message, "address" | "port"> = {},
): StreamAdd | undefined {
  const stream = textOf(args[0]);
  const first = idIndex(args) + 1;
  const count = args.length - first;
  if (stream === undefined || first === 0 || count < 2 || count % 2 !== 0) return undefined;
  const fields = args.slice(first);
  const carrier = fieldsCarrier(fields);
  const begun = messaging.send({ system: "redis", destination: stream, carrier, ...server });
  return { begun, args: [...args.slice(0, first), ...fields] };
}

/** An entry of a stream as any client gives it. */
export interface StreamEntry {
  readonly stream: string;
  readonly id: string;
  readonly fields: unknown[] | object;
}

function entryOf(stream: string, entry: unknown): StreamEntry[] {
  if (Array.isArray(entry)) {
    const [id, fields] = entry as unknown[];
    const known = textOf(id);
    return known === undefined || typeof fields !== "object" || fields === null
      ? []
      : [{ stream, id: known, fields }];
  }
  const { id, message } = (entry ?? {}) as { id?: unknown; message?: unknown };
  const known = textOf(id);
  return known === undefined || typeof message !== "object" || message === null
    ? []
    : [{ stream, id: known, fields: message }];
}

function entriesOf(stream: unknown, entries: unknown): StreamEntry[] {
  const name = textOf(stream) ?? "";
  return Array.isArray(entries) ? entries.flatMap((entry) => entryOf(name, entry)) : [];
}

/**
 * The entries in an answer of XREAD or XREADGROUP: Redis' own arrays (RESP2), a map (RESP3), or node-redis'
 * `{ name, messages }`. Anything else has none.
 */
export function streamEntries(answer: unknown): StreamEntry[] {
  if (answer instanceof Map) {
    return [...answer].flatMap(([stream, entries]) => entriesOf(stream, entries));
  }
  if (!Array.isArray(answer)) {
    if (typeof answer !== "object" || answer === null) return [];
    return Object.entries(answer).flatMap(([stream, entries]) => entriesOf(stream, entries));
  }
  return answer.flatMap((each: unknown) => {
    if (Array.isArray(each)) return entriesOf(each[0], each[1]);
    const { name, messages } = (each ?? {}) as { name?: unknown; messages?: unknown };
    return entriesOf(name, messages);
  });
}

/** A command that reads entries of streams. */
export interface StreamRead {
  /** The consumer group that it reads for. */
  readonly group: string | undefined;
  /** The entries in its answer. */
  entries(answer: unknown): StreamEntry[];
}

/** A command by its name and the arguments after it; `undefined` for one that reads no entries. */
export function streamRead(name: string, args: readonly unknown[]): StreamRead | undefined {
  const [stream, group] = args;
  switch (name) {
    case "XREAD":
      return { group: undefined, entries: streamEntries };
    case "XREADGROUP":
      return { group: groupOf(args), entries: streamEntries };
    case "XRANGE":
    case "XREVRANGE":
      return { group: undefined, entries: (answer) => entriesOf(stream, answer) };
    case "XCLAIM":
      return { group: textOf(group), entries: (answer) => entriesOf(stream, answer) };
    case "XAUTOCLAIM":
      return { group: textOf(group), entries: (answer) => entriesOf(stream, claimed(answer)) };
    default:
      return undefined;
  }
}

/** The entries in an answer of XAUTOCLAIM: Redis' `[next id, entries, deleted ids]`, or node-redis' object. */
function claimed(answer: unknown): unknown {
  if (Array.isArray(answer)) return (answer as unknown[])[1];
  return (answer as { messages?: unknown } | null | undefined)?.messages;
}

/** The consumer group in the arguments of XREADGROUP (after the command's name). */
function groupOf(args: readonly unknown[]): string | undefined {
  return word(args[0]) === "GROUP" ? textOf(args[1]) : undefined;
}

/** A span for each stream that there are entries of, with links to where they were added. */
export function noteStreamRead(
  messaging: Messaging,
  read: readonly StreamEntry[],
  startTime: number,
  consumerGroup?: string,
): void {
  const byStream = Map.groupBy(read, ({ stream }) => stream);
  for (const [stream, entries] of byStream) {
    const messages = entries.map(({ id, fields }) => redisEntry(stream, id, fields, consumerGroup));
    const place = { system: "redis", destination: stream, consumerGroup };
    messaging.receive(place, messages, startTime).span.end();
  }
}
