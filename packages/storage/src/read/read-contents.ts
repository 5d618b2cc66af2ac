// Resources and scopes of a batch being read: rows name them by content id; their content is fetched once
// all rows are in. Content that is missing (expired before its spans, or not there yet) is replaced by
// what the rows themselves know.

import type { ByteDictionary, ResourceTable, ScopeTable } from "@clew/model";
import { ValueType } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import { type AttributeRowReader, MAP_COLUMNS } from "./attribute-rows.ts";
import type { ReadContext } from "./read-context.ts";
import { forEachRow, type RowCursor } from "./row-binary.ts";

/** Gives each distinct id an index, in order of appearance. */
export class ContentIndex {
  readonly ids: bigint[] = [];
  readonly #indexes = new Map<bigint, number>();
  #last = -1n;
  #lastIndex = 0;

  index(id: bigint): number {
    if (id === this.#last) return this.#lastIndex;
    let index = this.#indexes.get(id);
    if (index === undefined) {
      index = this.ids.push(id) - 1;
      this.#indexes.set(id, index);
    }
    this.#last = id;
    this.#lastIndex = index;
    return index;
  }
}

interface ContentTarget {
  readonly engine: Engine;
  readonly tenant: string;
  readonly reader: AttributeRowReader;
  readonly strings: ByteDictionary;
  readonly context: ReadContext;
}

/** Fills `into` so that row `i` is the resource `ids[i]`; `services[i]` is its service name's dictionary id. */
export async function readResources(
  target: ContentTarget,
  ids: readonly bigint[],
  services: readonly number[],
  into: ResourceTable,
): Promise<void> {
  const { reader, strings } = target;
  const serviceKey = strings.internText("service.name");
  const missing = (index: number): void => {
    into.attributes.push(serviceKey, ValueType.String, services[index] as number, 0);
    const serviceName = services[index] as number;
    into.add(String(ids[index]), { droppedAttributes: 0, schemaUrl: 0, entityRefs: 0, serviceName });
  };
  const found = (cursor: RowCursor, index: number): void => {
    const schemaUrl = reader.string(cursor);
    const entityRefs = reader.string(cursor);
    const droppedAttributes = cursor.uint32();
    const from = into.attributes.length;
    reader.readMaps(cursor, into.attributes);
    const serviceName = textOf(into, from, serviceKey);
    into.add(String(ids[index]), { droppedAttributes, schemaUrl, entityRefs, serviceName });
  };
  const sql = `schema_url, entity_refs, dropped_attributes, ${MAP_COLUMNS} FROM resources`;
  await readInOrder(target, sql, ids, into, found, missing);
}

/** Fills `into` so that row `i` is the scope `ids[i]`. */
export async function readScopes(target: ContentTarget, ids: readonly bigint[], into: ScopeTable): Promise<void> {
  const { reader } = target;
  const missing = (index: number): void => {
    into.add(String(ids[index]), { droppedAttributes: 0, schemaUrl: 0, name: 0, version: 0 });
  };
  const found = (cursor: RowCursor, index: number): void => {
    const name = reader.string(cursor);
    const version = reader.string(cursor);
    const schemaUrl = reader.string(cursor);
    const droppedAttributes = cursor.uint32();
    reader.readMaps(cursor, into.attributes);
    into.add(String(ids[index]), { droppedAttributes, schemaUrl, name, version });
  };
  const sql = `name, version, schema_url, dropped_attributes, ${MAP_COLUMNS} FROM scopes`;
  await readInOrder(target, sql, ids, into, found, missing);
}

/** Ids bound at once; a URL of a ClickHouse server holds them. */
const IDS_A_QUERY = 1000;

async function readInOrder(
  target: ContentTarget,
  columnsAndTable: string,
  ids: readonly bigint[],
  into: ResourceTable | ScopeTable,
  found: (cursor: RowCursor, index: number) => void,
  missing: (index: number) => void,
): Promise<void> {
  for (let first = 0; first < ids.length; first += IDS_A_QUERY) {
    const slice = ids.slice(first, first + IDS_A_QUERY);
    const rows = target.engine.readBinary(
      `SELECT toUInt32(indexOf({ids:Array(UInt64)}, id)) AS place, ${columnsAndTable}
       WHERE tenant = {tenant:String} AND id IN {ids:Array(UInt64)} ORDER BY place LIMIT 1 BY id`,
      { ...target.context, parameters: { tenant: target.tenant, ids: slice } },
    );
    const attributes = into.attributes;
    await forEachRow(
      rows,
      (cursor) => {
        const index = first + cursor.uint32() - 1;
        while (into.length < index) missing(into.length);
        found(cursor, index);
      },
      () => attributes.truncate(into.attributeOffsets[into.length] as number),
    );
    while (into.length < first + slice.length) missing(into.length);
  }
}

function textOf(table: ResourceTable, from: number, key: number): number {
  const { attributes } = table;
  for (let row = from; row < attributes.length; row++) {
    if (attributes.keys[row] === key && attributes.types[row] === ValueType.String) {
      return attributes.slots[row * 2] as number;
    }
  }
  return 0;
}
