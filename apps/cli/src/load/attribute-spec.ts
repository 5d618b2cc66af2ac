// How attribute values of the invented company are described, and how one description becomes the
// bytes of an OTLP KeyValue. Text may hold placeholders: {user} {isbn} {order} {parcel} {basket}
// {session} {client} {depot} are the trace's own (the same in every span of the trace), {peer} is the
// other side's address, {d6} six fresh digits, {h8} eight fresh hex digits, {uuid} a fresh version 4 UUID.

import { defined } from "@clew/base";
import { field, fixed, join, Patch, type Piece, utf8, varint } from "./piece.ts";
import type { Random } from "./random.ts";

/** A value or a distribution of values of one attribute. */
export type ValueSpec =
  | string
  | number
  | boolean
  | readonly string[]
  | { readonly type: "oneOf"; readonly choices: readonly ValueSpec[] }
  | { readonly type: "int" | "double"; readonly low: number; readonly high: number }
  | { readonly type: "flag"; readonly probability: number }
  | { readonly type: "maybe"; readonly probability: number; readonly value: ValueSpec };

/** Attribute key to value, in the order in which the SDK would send them. */
export type AttributeSpecs = Readonly<Record<string, ValueSpec>>;

/** One of the choices, the first the likeliest (Zipf). */
export function oneOf(...choices: readonly ValueSpec[]): ValueSpec {
  return { type: "oneOf", choices };
}

/** An integer between `low` and `high`, both included; small values are likelier. */
export function int(low: number, high: number): ValueSpec {
  return { type: "int", low, high };
}

/** A double with two decimals. */
export function double(low: number, high: number): ValueSpec {
  return { type: "double", low, high };
}

/** A boolean that is true with the given probability. */
export function flag(probability: number): ValueSpec {
  return { type: "flag", probability };
}

/** The value, present on this share of the spans only. */
export function maybe(probability: number, value: ValueSpec): ValueSpec {
  return { type: "maybe", probability, value };
}

/** Where each variable of a trace lies in its variables buffer: [offset, length in characters]. */
export const traceVariables: Readonly<Record<string, readonly [number, number]>> = {
  user: [0, 7],
  isbn: [8, 13],
  order: [24, 10],
  parcel: [36, 9],
  basket: [48, 12],
  session: [60, 16],
  client: [76, 15],
  depot: [92, 3],
};

/** Length of a trace's variables buffer in bytes. */
export const traceVariablesLength = 96;

const PEER_LENGTH = 13;

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 48);
}

function placeholder(name: string): Piece {
  const variable = traceVariables[name];
  if (variable !== undefined) {
    return { bytes: zeros(variable[1]), patches: [Patch.Variable, 0, variable[0], variable[1]] };
  }
  if (name === "peer") return { bytes: zeros(PEER_LENGTH), patches: [Patch.Peer, 0, 0, 0] };
  if (name === "uuid") return text("{h8}-{h4}-4{h3}-a{h3}-{h12}");
  const count = Number(name.slice(1));
  const kind = name.startsWith("d") ? Patch.Digits : Patch.Hex;
  return { bytes: zeros(count), patches: [kind, 0, count, 0] };
}

/** The bytes of a text with its placeholders as patches. */
export function text(template: string): Piece {
  const known = /\{(user|isbn|order|parcel|basket|session|client|depot|peer|uuid|[dh]\d+)\}/;
  const parts = template.split(known);
  return join(...parts.map((part, index) => (index % 2 === 0 ? utf8(part) : placeholder(part))));
}

/** Varint of a value drawn between low and high; the patch stays within the width of that value. */
function drawnInt(low: number, high: number, random: Random): Piece {
  const value = Math.floor(low + (high - low) * random.unit() ** 2);
  const width = varint(value).length;
  const lowest = Math.max(low, width === 1 ? 0 : 128 ** (width - 1));
  const highest = Math.min(high, 128 ** width - 1);
  return { bytes: varint(value), patches: [Patch.Int, 0, lowest, highest] };
}

/** An OTLP AnyValue message, or undefined when a `maybe` chose absence. */
export function anyValue(spec: ValueSpec, random: Random): Piece | undefined {
  if (typeof spec === "string") return field(1, text(spec));
  if (typeof spec === "boolean") return fixed([0x10, spec ? 1 : 0]);
  if (typeof spec === "number") return fixed([0x18, ...varint(spec)]);
  if ("type" in spec) return drawn(spec, random);
  return field(5, join(...spec.map((item) => field(1, field(1, text(item))))));
}

function drawn(spec: Extract<ValueSpec, { type: string }>, random: Random): Piece | undefined {
  switch (spec.type) {
    case "oneOf":
      return anyValue(defined(spec.choices[random.zipf(spec.choices.length)], "a choice"), random);
    case "maybe":
      return random.unit() < spec.probability ? anyValue(spec.value, random) : undefined;
    case "flag":
      return { bytes: [0x10, 0], patches: [Patch.Bool, 1, Math.round(spec.probability * 1000), 0] };
    case "int":
      return join(fixed([0x18]), drawnInt(spec.low, spec.high, random));
    case "double": {
      const patches = [Patch.Double, 1, Math.round(spec.low * 100), Math.round(spec.high * 100)];
      return { bytes: [0x21, 0, 0, 0, 0, 0, 0, 0, 0], patches };
    }
  }
}

/** The attributes as repeated KeyValue fields with the given field number. */
export function attributeFields(number: number, specs: AttributeSpecs, random: Random): Piece {
  const fields: Piece[] = [];
  for (const [key, spec] of Object.entries(specs)) {
    const value = anyValue(spec, random);
    if (value !== undefined) fields.push(field(number, join(field(1, utf8(key)), field(2, value))));
  }
  return join(...fields);
}
