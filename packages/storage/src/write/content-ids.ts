// Ids of resources and scopes derived from their content, so that every collector, and every replay,
// gives the same resource the same id without asking anyone: the first 64 bits of SHA-256.

import { createHash } from "node:crypto";
import type { AttributeColumns, ByteDictionary, ResourceTable, ScopeTable } from "@clew/model";

type Words = Uint32Array<ArrayBuffer>;

/** Per resource and scope index of a batch; ids are two words each. */
export interface ContentIds {
  readonly resourceIds: Words;
  readonly scopeIds: Words;
  /** Dictionary id of the service name by resource index; never empty. */
  readonly serviceNames: Words;
}

/** What a sender that names no service is called, as OpenTelemetry's SDKs do. */
export const UNKNOWN_SERVICE = "unknown_service";

export function contentIds(
  resources: ResourceTable,
  scopes: ScopeTable,
  strings: ByteDictionary,
): ContentIds {
  const resourceIds = new Uint32Array(resources.length * 2);
  const scopeIds = new Uint32Array(scopes.length * 2);
  const serviceNames = new Uint32Array(resources.length);
  const unknown = strings.internText(UNKNOWN_SERVICE);
  for (let i = 0; i < resources.length; i++) {
    serviceNames[i] = (resources.serviceName[i] as number) || unknown;
    const hash = new ContentHash(strings);
    hash.number(resources.droppedAttributes[i] as number);
    hash.string(resources.schemaUrl[i] as number);
    hash.string(resources.entityRefs[i] as number);
    hash.attributes(resources.attributes, resources.attributeOffsets, i);
    hash.write(resourceIds, i);
  }
  for (let i = 0; i < scopes.length; i++) {
    const hash = new ContentHash(strings);
    hash.number(scopes.droppedAttributes[i] as number);
    hash.string(scopes.schemaUrl[i] as number);
    hash.string(scopes.name[i] as number);
    hash.string(scopes.version[i] as number);
    hash.attributes(scopes.attributes, scopes.attributeOffsets, i);
    hash.write(scopeIds, i);
  }
  return { resourceIds, scopeIds, serviceNames };
}

class ContentHash {
  readonly #hash = createHash("sha256");
  readonly #strings: ByteDictionary;

  constructor(strings: ByteDictionary) {
    this.#strings = strings;
  }

  number(value: number): void {
    this.#hash.update(`${value};`);
  }

  string(id: number): void {
    this.number(this.#strings.byteLength(id));
    this.#hash.update(this.#strings.view(id));
  }

  attributes(columns: AttributeColumns, offsets: Words, index: number): void {
    for (let row = offsets[index] as number; row < (offsets[index + 1] as number); row++) {
      this.string(columns.keys[row] as number);
      const type = columns.types[row] as number;
      this.number(type);
      // 1 and 5..7 hold dictionary ids, which differ between batches: hash what they stand for.
      if (type === 1 || type >= 5) this.string(columns.slots[row * 2] as number);
      else this.#hash.update(new Uint8Array(columns.slots.buffer, row * 8, 8));
    }
  }

  write(ids: Words, index: number): void {
    const digest = this.#hash.digest();
    ids[index * 2] = digest.readUInt32LE(0);
    ids[index * 2 + 1] = digest.readUInt32LE(4);
  }
}
