// Where messages carry their context: one carrier for each shape of headers in use. Whatever a message brings along
// (throwing getters, cycles, bytes that are no text), reading gives nothing and writing leaves it as it is.

/** Named texts of one message. Neither method throws. */
export interface Carrier {
  /** The text under a lower-case name. */
  get(name: string): string | undefined;
  set(name: string, value: string): void;
}

type Table = Record<string, unknown>;
type Get = (name: string) => unknown;

/** More than any of the propagation formats allows. */
const MAX_BYTES = 16 * 1024;
const MAX_NAMES = 256;

/** Text of a header's value: bytes are UTF-8, several values are joined as in HTTP. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value.length > MAX_BYTES ? undefined : value;
  if (value instanceof Uint8Array) {
    if (value.length > MAX_BYTES) return undefined;
    return Buffer.from(value.buffer, value.byteOffset, value.length).toString();
  }
  if (!Array.isArray(value) || value.length > MAX_NAMES) return undefined;
  const texts: string[] = [];
  for (const each of value as unknown[]) {
    if (typeof each === "string" || each instanceof Uint8Array) texts.push(textOf(each) ?? "");
  }
  return texts.length === 0 ? undefined : texts.join(",");
}

/** A carrier of anything that can be read and written by name, made safe. */
export function carrierOf(get: Get, set: (name: string, value: string) => void): Carrier {
  return {
    get(name) {
      try {
        return textOf(get(name));
      } catch {
        return undefined; // hostile headers are none
      }
    },
    set(name, value) {
      try {
        set(name, value);
      } catch {
        // frozen, or hostile: the message goes out without context
      }
    },
  };
}

/** What a name and a value take beside their texts, at most, where headers have a limit. */
export const OVERHEAD_BYTES = 8;

/** `carrier` with room for so many bytes of names and values: what does not fit is left out. */
export function limitedCarrier(carrier: Carrier, room: number): Carrier {
  let left = room;
  return {
    get: (name) => carrier.get(name),
    set(name, value) {
      const bytes = Buffer.byteLength(name) + Buffer.byteLength(value) + OVERHEAD_BYTES;
      if (bytes > left) return;
      left -= bytes;
      carrier.set(name, value);
    },
  };
}

export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null;
}

/** The names among `keys` that are `name` in another case: `Traceparent`, `X-B3-TraceId` of other languages. */
function otherCases(keys: Iterable<unknown>, name: string): string[] {
  const found: string[] = [];
  let seen = 0;
  for (const key of keys) {
    if (seen++ > MAX_NAMES) break;
    if (typeof key !== "string" || key.length !== name.length || key === name) continue;
    if (key.toLowerCase() === name) found.push(key);
  }
  return found;
}

function* keysOf(table: Table): Generator<string> {
  for (const key in table) yield key;
}

function named(table: Table, name: string): unknown {
  if (Object.hasOwn(table, name)) return table[name];
  const [other] = otherCases(keysOf(table), name);
  return other === undefined ? undefined : table[other];
}

/**
 * Headers as an object of texts: HTTP-like headers, AMQP's headers table, user properties of MQTT 5, fields of a JSON
 * payload (the outermost ones, as MQTT 3.1.1 and WebSockets have no headers).
 */
export function mapCarrier(headers: object | undefined): Carrier {
  const table = headers as Table;
  return carrierOf(
    (name) => (isTable(headers) ? named(table, name) : undefined),
    (name, value) => {
      if (!isTable(headers)) return;
      // A forwarded message must not tell those who read the other spelling of its former sender.
      for (const other of otherCases(keysOf(table), name)) table[other] = value;
      table[name] = value;
    },
  );
}

/** NATS' headers, and whatever else has `get` and `set`, such as `Headers` and `Map`. */
interface GetAndSet {
  get(name: string): unknown;
  set(name: string, value: string): unknown;
  keys?(): Iterable<unknown>;
}

/** A carrier of NATS' headers, or of `Headers` and `Map`. */
export function natsCarrier(headers: GetAndSet | null | undefined): Carrier {
  return carrierOf(
    (name) => {
      const found = headers?.get(name) || undefined;
      if (found !== undefined || !headers) return found;
      const [other] = otherCases(headers.keys?.() ?? [], name);
      return other === undefined ? undefined : headers.get(other);
    },
    (name, value) => {
      if (!headers) return;
      for (const other of otherCases(headers.keys?.() ?? [], name)) headers.set(other, value);
      headers.set(name, value);
    },
  );
}

function pairOf(entry: unknown): readonly [string | undefined, unknown] {
  if (Array.isArray(entry)) return [textOf(entry[0]), entry[1]];
  if (!isTable(entry)) return [undefined, undefined];
  // librdkafka's `{ name: value }`, or `{ key, value }`.
  if ("key" in entry && "value" in entry) return [textOf(entry["key"]), entry["value"]];
  const [first] = Object.entries(entry);
  return first ?? [undefined, undefined];
}

/** The last value of a name, which is the nearest sender's where records are forwarded. */
function findLast(entries: Iterable<unknown>, name: string): unknown {
  let seen = 0;
  let found: unknown;
  for (const entry of entries) {
    const [key, value] = pairOf(entry);
    if (key?.toLowerCase() === name) found = value;
    if (++seen > MAX_NAMES) return found;
  }
  return found;
}

/**
 * Headers of a Kafka record, whose values are bytes: an object (kafkajs), a Map with keys of text or bytes
 * (@platformatic/kafka), or a list of `{ name: value }` (librdkafka).
 */
export function kafkaCarrier(headers: object | undefined): Carrier {
  if (headers instanceof Map) {
    return carrierOf(
      (name) => headers.get(name) ?? findLast(headers, name),
      (name, value) => void headers.set(name, value),
    );
  }
  if (!Array.isArray(headers)) {
    // kafkajs' list of all values of a name that comes several times.
    return carrierOf(
      (name) => {
        const value = isTable(headers) ? named(headers, name) : undefined;
        return Array.isArray(value) ? value.at(-1) : value;
      },
      (name, value) => mapCarrier(headers).set(name, value),
    );
  }
  return carrierOf(
    (name) => findLast(headers, name),
    (name, value) => void headers.push({ [name]: Buffer.from(value) }),
  );
}

/** Fields of a Redis Streams entry: a flat list of names and values, or an object of them. */
export function fieldsCarrier(fields: unknown[] | object | undefined): Carrier {
  if (!Array.isArray(fields)) return mapCarrier(fields);
  const list = fields as unknown[];
  const indexOf = (name: string): number => {
    for (let at = 0; at < list.length && at < 2 * MAX_NAMES; at += 2) {
      if (textOf(list[at]) === name) return at;
    }
    return -1;
  };
  return carrierOf(
    (name) => {
      const at = indexOf(name);
      return at < 0 ? undefined : list[at + 1];
    },
    (name, value) => {
      const at = indexOf(name);
      if (at < 0) list.push(name, value);
      else list[at + 1] = value;
    },
  );
}

/** Text as an object of JSON; empty when it is none or too long. */
export function parseObject(text: unknown, mostBytes: number): Table {
  const known = text instanceof Uint8Array ? Buffer.from(text).toString() : text;
  if (typeof known !== "string" || known.length > mostBytes || !known.startsWith("{")) return {};
  try {
    return JSON.parse(known) as Table;
  } catch {
    return {};
  }
}

/** The context at the head of a JSON text, such as the first frame of a WebSocket. Only read. */
export function jsonCarrier(text: string | Uint8Array | undefined): Carrier {
  let parsed: Table | undefined;
  return carrierOf(
    (name) => {
      parsed ??= parseObject(text, 64 * MAX_BYTES);
      return named(parsed, name);
    },
    () => {},
  );
}

interface JobTelemetry {
  metadata?: unknown;
  omitContext?: unknown;
}

/** Options of a BullMQ job, where the context is JSON in `telemetry.metadata`; `omitContext` is respected. */
export function bullmqCarrier(options: { telemetry?: JobTelemetry } | undefined): Carrier {
  const read = (): Table => parseObject(options?.telemetry?.metadata, MAX_BYTES);
  return carrierOf(
    (name) => named(read(), name),
    (name, value) => {
      if (options === undefined || options.telemetry?.omitContext === true) return;
      const metadata = JSON.stringify({ ...read(), [name]: value });
      options.telemetry = { ...options.telemetry, metadata };
    },
  );
}

/**
 * Extension attributes of a CloudEvent: `traceparent` and `tracestate` of the trace in which it began, so what is
 * there is never replaced; a hop has its own headers. Headers of the binary HTTP mode (`ce-traceparent`) are read too.
 * https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/distributed-tracing.md
 */
export function cloudEventCarrier(event: object | undefined): Carrier {
  const table = event as Table;
  const read = (name: string): unknown =>
    isTable(event) ? (named(table, name) ?? named(table, `ce-${name}`)) : undefined;
  return carrierOf(read, (name, value) => {
    if (!isTable(event) || read(name) !== undefined) return;
    if (name === "traceparent") ours.add(table);
    // A tracestate belongs to its traceparent.
    if (name === "traceparent" || (name === "tracestate" && ours.has(table))) table[name] = value;
  });
}

/** Events whose `traceparent` is ours. */
const ours = new WeakSet<object>();
