// W3C Baggage (www.w3.org/TR/baggage): `baggage: key=value;property, ...`. Members are kept whole or not at
// all; what does not fit into the limits of the specification is left out from the end.

import type { Baggage, BaggageEntry } from "@opentelemetry/api";
import { trimOws } from "../trace/trace-state.ts";
import type { Format } from "./format.ts";

const MAX_MEMBERS = 180;
const MAX_BYTES = 8192;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;
const METADATA = Symbol.for("BaggageEntryMetadata");
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** OpenTelemetry's Baggage, immutable. */
export class ClewBaggage implements Baggage {
  readonly #entries: ReadonlyMap<string, BaggageEntry>;

  constructor(entries: ReadonlyMap<string, BaggageEntry>) {
    this.#entries = entries;
  }

  getEntry(key: string): BaggageEntry | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined ? undefined : { ...entry };
  }

  getAllEntries(): [string, BaggageEntry][] {
    return [...this.#entries];
  }

  setEntry(key: string, entry: BaggageEntry): ClewBaggage {
    return new ClewBaggage(new Map(this.#entries).set(key, entry));
  }

  removeEntry(key: string): ClewBaggage {
    return this.removeEntries(key);
  }

  removeEntries(...keys: string[]): ClewBaggage {
    const left = new Map(this.#entries);
    for (const key of keys) left.delete(key);
    return new ClewBaggage(left);
  }

  clear(): ClewBaggage {
    return new ClewBaggage(new Map());
  }
}

/** Percent-decodes; bytes that are no UTF-8 become U+FFFD, and a lone `%` stays as it is. */
function percentDecoded(text: string): string {
  if (!text.includes("%")) return text;
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) =>
    decoder.decode(Buffer.from(run.replaceAll("%", ""), "hex")),
  );
}

/** Percent-encodes what may not stand in a value. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function parseMember(member: string): [string, BaggageEntry] | undefined {
  const semicolon = member.indexOf(";");
  const pair = semicolon < 0 ? member : member.slice(0, semicolon);
  const equals = pair.indexOf("=");
  if (equals <= 0) return undefined;
  const key = trimOws(pair.slice(0, equals));
  const value = trimOws(pair.slice(equals + 1));
  if (!TOKEN.test(key) || !VALUE.test(value)) return undefined;
  const entry: BaggageEntry = { value: percentDecoded(value) };
  if (semicolon >= 0) {
    const text = trimOws(member.slice(semicolon + 1));
    entry.metadata = { __TYPE__: METADATA, toString: () => text } as never;
  }
  return [key, entry];
}

/** The baggage of a header; `undefined` when nothing in it is valid. */
export function parseBaggage(header: string): Baggage | undefined {
  const entries = new Map<string, BaggageEntry>();
  let bytes = 0;
  for (const part of header.split(",", MAX_MEMBERS * 2)) {
    bytes += part.length + 1;
    if (bytes > MAX_BYTES + 1 || entries.size === MAX_MEMBERS) break;
    const parsed = parseMember(trimOws(part));
    if (parsed !== undefined) entries.set(parsed[0], parsed[1]);
  }
  return entries.size === 0 ? undefined : new ClewBaggage(entries);
}

/** The header for `baggage`; empty when nothing can be written. */
export function baggageHeader(baggage: Baggage): string {
  let header = "";
  let members = 0;
  for (const [key, entry] of baggage.getAllEntries()) {
    if (members === MAX_MEMBERS || !TOKEN.test(key)) continue;
    const metadata = entry.metadata?.toString() ?? "";
    const tail = metadata === "" || !/^[\x20-\x2b\x2d-\x7e]+$/.test(metadata) ? "" : `;${metadata}`;
    const member = `${key}=${percentEncoded(entry.value)}${tail}`;
    if (header.length + member.length + 1 > MAX_BYTES) continue;
    header += header === "" ? member : `,${member}`;
    members++;
  }
  return header;
}

/** The format `baggage`. */
export const baggageFormat: Format = {
  name: "baggage",
  fields: ["baggage"],
  extractBaggage(get) {
    const header = get("baggage");
    return header === undefined ? undefined : parseBaggage(header);
  },
  injectBaggage(baggage, set) {
    const header = baggageHeader(baggage);
    if (header !== "") set("baggage", header);
  },
};
