// The parts of OTLP JSON text that traces and logs share. Fields with their default value are left
// out; 64-bit integers are strings; NaN and the infinities are strings; bytes are base64.

import {
  type AttributeColumns,
  type ByteDictionary,
  joinWords,
  type ResourceTable,
  type ScopeTable,
  toHex,
} from "@clew/model";
import { toBase64 } from "../json/base64.ts";
import { type AnyValue, rowValue } from "./any-value.ts";
import { entityRefsText } from "./entity-refs.ts";

/** Collects the fields of one JSON object. */
export class ObjectText {
  #text = "";

  /** Adds a field whose value is JSON text already. */
  raw(name: string, json: string): this {
    this.#text += `${this.#text === "" ? "" : ","}"${name}":${json}`;
    return this;
  }

  /** Adds a string unless it is empty. */
  text(name: string, value: string): this {
    return value === "" ? this : this.raw(name, JSON.stringify(value));
  }

  /** Adds a number unless it is 0. */
  number(name: string, value: number | undefined): this {
    return value === 0 || value === undefined ? this : this.raw(name, String(value));
  }

  /** Adds a 64-bit number as a string unless it is 0. */
  time(name: string, words: Uint32Array<ArrayBuffer>, row: number): this {
    const nanos = joinWords(words, row);
    return nanos === 0n ? this : this.raw(name, `"${nanos}"`);
  }

  /** Adds an id of `size` bytes as hex unless it is all zero. */
  id(name: string, column: Uint8Array, row: number, size: number): this {
    const hex = toHex(column, row * size, size);
    return /^0+$/.test(hex) ? this : this.raw(name, `"${hex}"`);
  }

  /** Adds attribute rows unless there are none. */
  attributes(columns: AttributeColumns, strings: ByteDictionary, from: number, to: number): this {
    if (from >= to) return this;
    const items: string[] = [];
    for (let row = from; row < to; row++) {
      const key = JSON.stringify(strings.text(columns.keys[row] as number));
      items.push(`{"key":${key},"value":${anyValueText(rowValue(columns, strings, row))}}`);
    }
    return this.raw("attributes", `[${items.join(",")}]`);
  }

  /** Adds the items `offsets[row] .. offsets[row + 1]` unless there are none. */
  list(name: string, offsets: Uint32Array, row: number, itemText: (index: number) => string): this {
    const items: string[] = [];
    const to = offsets[row + 1] as number;
    for (let index = offsets[row] as number; index < to; index++) items.push(itemText(index));
    return items.length === 0 ? this : this.raw(name, `[${items.join(",")}]`);
  }

  finish(): string {
    return `{${this.#text}}`;
  }
}

/** An AnyValue as OTLP JSON. */
export function anyValueText(value: AnyValue): string {
  switch (value.type) {
    case "string":
      return `{"stringValue":${JSON.stringify(value.value)}}`;
    case "bool":
      return `{"boolValue":${value.value}}`;
    case "int":
      return `{"intValue":"${value.value}"}`;
    case "double":
      return `{"doubleValue":${doubleText(value.value)}}`;
    case "bytes":
      return `{"bytesValue":"${toBase64(value.value)}"}`;
    case "array":
      return `{"arrayValue":{"values":[${value.items.map(anyValueText).join(",")}]}}`;
    case "kvlist": {
      const entries = value.entries.map(
        ([key, item]) => `{"key":${JSON.stringify(key)},"value":${anyValueText(item)}}`,
      );
      return `{"kvlistValue":{"values":[${entries.join(",")}]}}`;
    }
    case "empty":
      return "{}";
  }
}

/** A resource as OTLP JSON. */
export function resourceText(
  resources: ResourceTable,
  strings: ByteDictionary,
  index: number,
): string {
  const from = resources.attributeOffsets[index] as number;
  const to = resources.attributeOffsets[index + 1] as number;
  const text = new ObjectText()
    .attributes(resources.attributes, strings, from, to)
    .number("droppedAttributesCount", resources.droppedAttributes[index]);
  const refs = resources.entityRefs[index] as number;
  if (refs !== 0) text.raw("entityRefs", entityRefsText(strings.view(refs)));
  return text.finish();
}

/** An instrumentation scope as OTLP JSON. */
export function scopeText(scopes: ScopeTable, strings: ByteDictionary, index: number): string {
  const from = scopes.attributeOffsets[index] as number;
  const to = scopes.attributeOffsets[index + 1] as number;
  return new ObjectText()
    .text("name", strings.text(scopes.name[index] as number))
    .text("version", strings.text(scopes.version[index] as number))
    .attributes(scopes.attributes, strings, from, to)
    .number("droppedAttributesCount", scopes.droppedAttributes[index])
    .finish();
}

function doubleText(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? "-0.0" : String(value);
}
