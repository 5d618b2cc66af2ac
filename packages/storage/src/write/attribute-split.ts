// Divides the attribute rows of a batch between promoted columns and the typed maps of table `spans`
// (str, int, dbl, bool, other), in one pass and without an object an attribute.

import { renderAttributesJson } from "@clew/codec";
import { AttributeColumns, type ByteDictionary, ValueType } from "@clew/model";
import { promotedAttributes } from "../schema/promoted.ts";
import { SegmentMemory } from "./segment-memory.ts";

type Words = Uint32Array<ArrayBuffer>;

/** One typed map as columns: row `i` holds entries `offsets[i] .. offsets[i + 1]`. */
export interface MapColumns {
  readonly offsets: Words;
  readonly keys: Words;
  /** str and other: a dictionary id a entry. int and dbl: two words an entry. bool: 0 or 1. */
  readonly values: Words;
}

export interface SplitAttributes {
  /** By index in `promotedAttributes`: dictionary ids (string) or numbers (uint16); 0 = absent. */
  readonly promoted: readonly Words[];
  readonly str: MapColumns;
  readonly int: MapColumns;
  readonly dbl: MapColumns;
  readonly bool: MapColumns;
  readonly other: MapColumns;
}

class MapBuilder implements MapColumns {
  readonly offsets: Words;
  keys: Words;
  values: Words;
  count = 0;
  readonly #width: number;

  constructor(rows: number, capacity: number, width: number, memory: SegmentMemory) {
    this.offsets = memory.words(rows + 1);
    this.offsets[0] = 0;
    this.keys = memory.words(capacity);
    this.values = memory.words(capacity * width);
    this.#width = width;
  }

  /** Appends an entry of a map whose values are one word wide. */
  pushWord(key: number, value: number): void {
    const entry = this.count++;
    if (entry >= this.keys.length) this.#grow();
    this.keys[entry] = key;
    this.values[entry] = value;
  }

  /** Appends an entry of a map whose values are two words wide. */
  pushWords(key: number, low: number, high: number): void {
    const entry = this.count++;
    if (entry >= this.keys.length) this.#grow();
    this.keys[entry] = key;
    this.values[entry * 2] = low;
    this.values[entry * 2 + 1] = high;
  }

  endRow(row: number): void {
    this.offsets[row + 1] = this.count;
  }

  #grow(): void {
    const keys = new Uint32Array(this.keys.length * 2 + 64);
    keys.set(this.keys);
    const values = new Uint32Array(keys.length * this.#width);
    values.set(this.values);
    this.keys = keys;
    this.values = values;
  }
}

/**
 * Splits the attributes of `rows` records whose row `i` owns `offsets[i] .. offsets[i + 1]` of
 * `attributes`. Only spans have promoted columns; for all else everything goes to the maps.
 */
export function splitAttributes(
  attributes: AttributeColumns,
  offsets: Words,
  rows: number,
  strings: ByteDictionary,
  promote: boolean,
  memory: SegmentMemory = new SegmentMemory(),
): SplitAttributes {
  const splitter = new Splitter(attributes, offsets, rows, strings, promote, memory);
  for (let row = 0; row < rows; row++) {
    splitter.record(row, offsets[row] as number, offsets[row + 1] as number);
  }
  return splitter;
}

/** ValueType that a promoted column holds, by index in `promotedAttributes`. */
const PROMOTED_TYPES = Uint8Array.from(promotedAttributes, ({ type }) =>
  type === "uint16" ? ValueType.Int : ValueType.String,
);

class Splitter implements SplitAttributes {
  readonly promoted: readonly Words[];
  readonly str: MapBuilder;
  readonly int: MapBuilder;
  readonly dbl: MapBuilder;
  readonly bool: MapBuilder;
  readonly other: MapBuilder;
  readonly #attributes: AttributeColumns;
  readonly #columnOfKey: Int8Array;
  readonly #rendered: RenderedValues;

  constructor(
    attributes: AttributeColumns,
    offsets: Words,
    rows: number,
    strings: ByteDictionary,
    promote: boolean,
    memory: SegmentMemory,
  ) {
    const total = offsets[rows] as number;
    this.#attributes = attributes;
    this.#columnOfKey = promote ? promotedColumns(strings) : new Int8Array(0);
    this.#rendered = new RenderedValues(strings);
    this.promoted = promote ? promotedAttributes.map(() => memory.zeroWords(rows)) : [];
    this.str = new MapBuilder(rows, total, 1, memory);
    this.int = new MapBuilder(rows, total >> 2, 2, memory);
    this.dbl = new MapBuilder(rows, total >> 4, 2, memory);
    this.bool = new MapBuilder(rows, total >> 4, 1, memory);
    this.other = new MapBuilder(rows, 64, 1, memory);
  }

  /** Takes the attribute rows `from .. to` of record `row`; records come in order. */
  record(row: number, from: number, to: number): void {
    // A function of its own: as an inner loop V8 optimises it and throws that away for every record.
    const { keys, types, slots } = this.#attributes;
    for (let at = from; at < to; at++) {
      const key = keys[at] as number;
      const type = types[at] as number;
      const low = slots[at * 2] as number;
      const column = key < this.#columnOfKey.length ? (this.#columnOfKey[key] as number) : -1;
      if (column >= 0 && type === PROMOTED_TYPES[column] && low !== 0) {
        const values = this.promoted[column] as Words;
        const fits =
          type === ValueType.String || (low < 65536 && (slots[at * 2 + 1] as number) === 0);
        if (fits && values[row] === 0) {
          values[row] = low;
          continue;
        }
      }
      if (type === ValueType.String) this.str.pushWord(key, low);
      else this.#pushTyped(key, type, low, at);
    }
    this.str.endRow(row);
    this.int.endRow(row);
    this.dbl.endRow(row);
    this.bool.endRow(row);
    this.other.endRow(row);
  }

  #pushTyped(key: number, type: number, low: number, at: number): void {
    const attributes = this.#attributes;
    const high = attributes.slots[at * 2 + 1] as number;
    if (type === ValueType.Int) this.int.pushWords(key, low, high);
    else if (type === ValueType.Double) this.dbl.pushWords(key, low, high);
    else if (type === ValueType.Bool) this.bool.pushWord(key, low);
    else this.other.pushWord(key, this.#rendered.textId(attributes, at));
  }
}

/** Index in `promotedAttributes` by dictionary id of the key, -1 for all others. */
function promotedColumns(strings: ByteDictionary): Int8Array {
  const ids = promotedAttributes.map((attribute) => strings.internText(attribute.key));
  const columns = new Int8Array(strings.size).fill(-1);
  for (const [column, id] of ids.entries()) columns[id] = column;
  return columns;
}

const alone = new AttributeColumns();

/** A value of any type as typed JSON, the text form defined by the codec's `value-json`. */
export function typedValueText(
  attributes: AttributeColumns,
  row: number,
  strings: ByteDictionary,
): string {
  const low = attributes.slots[row * 2] as number;
  const high = attributes.slots[row * 2 + 1] as number;
  alone.clear();
  alone.push(0, attributes.types[row] as ValueType, low, high);
  // One attribute without a key renders as {"":value}: the value stands between `{"":` and `}`.
  return renderAttributesJson(alone, strings, 0, 1).slice(4, -1);
}

/** Typed JSON of nested values and bytes by the id of their content, so that each is rendered once a batch. */
class RenderedValues {
  readonly #ids = new Map<number, number>();
  readonly #strings: ByteDictionary;

  constructor(strings: ByteDictionary) {
    this.#strings = strings;
  }

  /** Dictionary id of the text of row `row`, which is Empty, Bytes, Array or KvList. */
  textId(attributes: AttributeColumns, row: number): number {
    // Bytes and nested values are both content ids: the type tells equal ids apart.
    const content = (attributes.slots[row * 2] as number) * 8 + (attributes.types[row] as number);
    let id = this.#ids.get(content);
    if (id === undefined) {
      id = this.#strings.internText(typedValueText(attributes, row, this.#strings));
      this.#ids.set(content, id);
    }
    return id;
  }
}
