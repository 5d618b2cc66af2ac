// Resources and scopes of a batch being read: rows name them by content id; their content is fetched once
// all rows are in. Content that is missing (expired before its spans, or not there yet) is replaced by
// what the rows themselves know.

import {
  AttributeColumns,
  type ByteDictionary,
  type ResourceTable,
  type ScopeTable,
  ValueType,
} from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import { type AttributeRowReader, MAP_COLUMNS } from "./attribute-rows.ts";
import type { ContentCache } from "./content-cache.ts";
import type { ReadContext } from "./read-context.ts";
import { forEachRow, RowCursor } from "./row-binary.ts";
import { SqlParameters } from "./sql-parameters.ts";

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

const RESOURCES: ContentTable = { name: "resources", columns: "schema_url, entity_refs", texts: 2 };
const SCOPES: ContentTable = { name: "scopes", columns: "name, version, schema_url", texts: 3 };

/** What reading the content of one batch needs. */
export interface ContentTarget {
  readonly cache: ContentCache;
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
    into.add(String(ids[index]), {
      droppedAttributes: 0,
      schemaUrl: 0,
      entityRefs: 0,
      serviceName,
    });
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
  await readInOrder(target, RESOURCES, ids, found, missing);
}

/** Fills `into` so that row `i` is the scope `ids[i]`. */
export async function readScopes(
  target: ContentTarget,
  ids: readonly bigint[],
  into: ScopeTable,
): Promise<void> {
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
  await readInOrder(target, SCOPES, ids, found, missing);
}

/** Ids bound at once; a URL of a ClickHouse server holds them. */
const IDS_A_QUERY = 1000;

/** Rows of one table as columns: `texts` strings, a number, the attribute maps. */
interface ContentTable {
  readonly name: "resources" | "scopes";
  readonly columns: string;
  readonly texts: number;
}

/** Adds the content of `ids[i]` as row `i`, from the cache or from the store. */
async function readInOrder(
  target: ContentTarget,
  table: ContentTable,
  ids: readonly bigint[],
  found: (cursor: RowCursor, index: number) => void,
  missing: (index: number) => void,
): Promise<void> {
  const keys = ids.map((id) => `${table.name}:${id}:${target.tenant}`);
  const rows = keys.map((key) => target.cache.get(key));
  const absent = [...ids.keys()].filter((index) => rows[index] === undefined);
  for (let first = 0; first < absent.length; first += IDS_A_QUERY) {
    const slice = absent.slice(first, first + IDS_A_QUERY);
    const indexes = new Map(slice.map((index) => [ids[index] as bigint, index]));
    await fetchRows(target, table, [...indexes.keys()], (id, bytes) => {
      const index = indexes.get(id) as number;
      rows[index] = bytes;
      target.cache.set(keys[index] as string, bytes);
    });
  }
  const cursor = new RowCursor();
  for (const [index, bytes] of rows.entries()) {
    if (bytes === undefined) {
      missing(index);
      continue;
    }
    cursor.append(bytes);
    found(cursor, index);
  }
}

async function fetchRows(
  { engine, tenant, reader, context }: ContentTarget,
  { name, columns, texts }: ContentTable,
  ids: readonly bigint[],
  onRow: (id: bigint, bytes: Uint8Array) => void,
): Promise<void> {
  const parameters = new SqlParameters();
  const answer = engine.readBinary(
    `SELECT id, ${columns}, dropped_attributes, ${MAP_COLUMNS} FROM ${name}
     WHERE tenant = ${parameters.text(tenant)} AND id IN ${parameters.uint64s(ids)} LIMIT 1 BY id`,
    { ...context, parameters: parameters.values },
  );
  const skipped = new AttributeColumns();
  await forEachRow(answer, (cursor) => {
    skipped.clear();
    const id = cursor.uint64();
    const from = cursor.position;
    for (let i = 0; i < texts; i++) cursor.string();
    cursor.uint32();
    reader.readMaps(cursor, skipped);
    onRow(id, cursor.bytes.slice(from, cursor.position));
  });
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
