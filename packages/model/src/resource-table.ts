// Resources and instrumentation scopes of a batch, each distinct one once.

import { grown } from "@clew/base";
import { AttributeColumns } from "./attributes.ts";

type Words = Uint32Array<ArrayBuffer>;

/** Distinct OTLP resources (with the schema URL of their ResourceSpans); rows are addressed by index. */
export class ResourceTable {
  length = 0;
  /** Attribute rows of resource `i`: `attributeOffsets[i] .. attributeOffsets[i + 1]`. */
  readonly attributes: AttributeColumns = new AttributeColumns();
  attributeOffsets: Words = new Uint32Array(9);
  droppedAttributes: Words = new Uint32Array(8);
  /** Dictionary id of the schema URL of the enclosing ResourceSpans or ResourceLogs. */
  schemaUrl: Words = new Uint32Array(8);
  /** Dictionary id of the entity_refs fields as raw protobuf (tags included), 0 when there are none. */
  entityRefs: Words = new Uint32Array(8);
  /** Dictionary id of `service.name`, 0 when the sender gave none (or not as a string). */
  serviceName: Words = new Uint32Array(8);
  readonly #byKey = new Map<string, number>();

  /** Index of the resource decoded before under `key`, or -1. A key must determine all content. */
  find(key: string): number {
    return this.#byKey.get(key) ?? -1;
  }

  /**
   * Adds a resource whose attribute rows the caller has already pushed to `attributes`, and
   * remembers it under `key`. Returns its index.
   */
  add(
    key: string,
    row: { droppedAttributes: number; schemaUrl: number; entityRefs: number; serviceName: number },
  ): number {
    const index = this.length++;
    this.attributeOffsets = grown(this.attributeOffsets, index + 2);
    this.droppedAttributes = grown(this.droppedAttributes, index + 1);
    this.schemaUrl = grown(this.schemaUrl, index + 1);
    this.entityRefs = grown(this.entityRefs, index + 1);
    this.serviceName = grown(this.serviceName, index + 1);
    this.attributeOffsets[index + 1] = this.attributes.length;
    this.droppedAttributes[index] = row.droppedAttributes;
    this.schemaUrl[index] = row.schemaUrl;
    this.entityRefs[index] = row.entityRefs;
    this.serviceName[index] = row.serviceName;
    this.#byKey.set(key, index);
    return index;
  }

  clear(): void {
    this.length = 0;
    this.attributes.clear();
    this.#byKey.clear();
  }
}

/** Distinct instrumentation scopes (with the schema URL of their ScopeSpans); rows by index. */
export class ScopeTable {
  length = 0;
  readonly attributes: AttributeColumns = new AttributeColumns();
  attributeOffsets: Words = new Uint32Array(9);
  droppedAttributes: Words = new Uint32Array(8);
  schemaUrl: Words = new Uint32Array(8);
  name: Words = new Uint32Array(8);
  version: Words = new Uint32Array(8);
  readonly #byKey = new Map<string, number>();

  /** Index of the scope decoded before under `key`, or -1. A key must determine all content. */
  find(key: string): number {
    return this.#byKey.get(key) ?? -1;
  }

  /** Adds a scope whose attribute rows are already in `attributes`; see {@link ResourceTable.add}. */
  add(
    key: string,
    row: { droppedAttributes: number; schemaUrl: number; name: number; version: number },
  ): number {
    const index = this.length++;
    this.attributeOffsets = grown(this.attributeOffsets, index + 2);
    this.droppedAttributes = grown(this.droppedAttributes, index + 1);
    this.schemaUrl = grown(this.schemaUrl, index + 1);
    this.name = grown(this.name, index + 1);
    this.version = grown(this.version, index + 1);
    this.attributeOffsets[index + 1] = this.attributes.length;
    this.droppedAttributes[index] = row.droppedAttributes;
    this.schemaUrl[index] = row.schemaUrl;
    this.name[index] = row.name;
    this.version[index] = row.version;
    this.#byKey.set(key, index);
    return index;
  }

  clear(): void {
    this.length = 0;
    this.attributes.clear();
    this.#byKey.clear();
  }
}
