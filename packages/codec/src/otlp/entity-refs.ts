// Resource.entity_refs (field 3): EntityRef { schema_url = 1, type = 2, id_keys = 3, description_keys = 4 },
// all texts. A batch keeps the fields of a resource as protobuf, tags included.

import { isUtf8 } from "@clew/model";
import { FieldNames } from "../json/field-names.ts";
import type { JsonReader } from "../json/json-reader.ts";
import { WireReader } from "../protobuf/wire-reader.ts";
import type { WireWriter } from "../protobuf/wire-writer.ts";

const TAG = 0x1a;
const WHAT = "Resource.entity_refs";
const NAMES = ["schemaUrl", "type", "idKeys", "descriptionKeys"] as const;
const FIELDS = new FieldNames(NAMES);
const KNOWN_FIELDS = 0b11110;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Copies the EntityRef at the reader's position, up to `end`, checking it and its texts. */
export function copyEntityRef(reader: WireReader, end: number, writer: WireWriter): void {
  const ref = writer.begin(TAG);
  while (reader.pos < end) {
    const from = reader.pos;
    const tag = reader.tag(end, WHAT);
    if (isText(tag)) {
      const stop = reader.block(end, WHAT);
      writeText(writer, tag, reader.bytes, reader.pos, stop);
      reader.pos = stop;
    } else {
      reader.skip(tag, end, KNOWN_FIELDS, WHAT);
      writer.raw(reader.bytes, from, reader.pos);
    }
  }
  writer.end(ref);
}

/** Reads a JSON array of entity references and writes it as protobuf. */
export function readEntityRefsJson(reader: JsonReader, writer: WireWriter): void {
  reader.openArray(WHAT);
  while (reader.nextItem(WHAT)) {
    const ref = writer.begin(TAG);
    reader.openObject(WHAT);
    while (reader.nextField(WHAT)) {
      const field = FIELDS.match(reader.text, reader.textFrom, reader.textTo);
      if (field < 0) reader.skip(WHAT);
      else if (field < 2) copyJsonText(reader, field, writer);
      else {
        reader.openArray(WHAT);
        while (reader.nextItem(WHAT)) copyJsonText(reader, field, writer);
      }
    }
    writer.end(ref);
  }
}

/** Stored entity references as a JSON array. */
export function entityRefsText(bytes: Uint8Array): string {
  const reader = new WireReader();
  reader.reset(bytes);
  const refs: string[] = [];
  while (reader.pos < bytes.length) {
    reader.tag(bytes.length, WHAT);
    refs.push(entityRefText(reader, reader.block(bytes.length, WHAT)));
  }
  return `[${refs.join(",")}]`;
}

function entityRefText(reader: WireReader, end: number): string {
  const lists: string[][] = [[], [], [], []];
  while (reader.pos < end) {
    const tag = reader.tag(end, WHAT);
    if (!isText(tag)) {
      reader.skip(tag, end, KNOWN_FIELDS, WHAT);
      continue;
    }
    const stop = reader.block(end, WHAT);
    const text = decoder.decode(reader.bytes.subarray(reader.pos, stop));
    lists[(tag >>> 3) - 1]?.push(JSON.stringify(text));
    reader.pos = stop;
  }
  const fields: string[] = [];
  for (const [index, list] of lists.entries()) {
    const last = list.at(-1);
    if (last === undefined) continue;
    fields.push(`"${NAMES[index]}":${index < 2 ? last : `[${list.join(",")}]`}`);
  }
  return `{${fields.join(",")}}`;
}

function isText(tag: number): boolean {
  return (tag & 7) === 2 && tag >= 0x0a && tag <= 0x22;
}

function copyJsonText(reader: JsonReader, field: number, writer: WireWriter): void {
  reader.string(WHAT);
  writeText(writer, ((field + 1) << 3) | 2, reader.text, reader.textFrom, reader.textTo);
}

function writeText(
  writer: WireWriter,
  tag: number,
  source: Uint8Array,
  from: number,
  to: number,
): void {
  if (isUtf8(source, from, to)) writer.bytesField(tag, source, from, to);
  else writer.textField(tag, decoder.decode(source.subarray(from, to)));
}
