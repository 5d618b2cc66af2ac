// Records under their resources and scopes as JSON text: the nesting that spans and logs share, in OTLP's own
// JSON and in that of tools which read it by other rules.

import type { ByteDictionary, ResourceTable, ScopeTable } from "@clew/model";
import { resourceText, scopeText } from "./json-text-writer.ts";
import { groupRows } from "./row-groups.ts";

/** What a batch of spans and one of logs have in common. */
interface GroupedBatch {
  readonly length: number;
  readonly resource: Uint32Array;
  readonly scope: Uint32Array;
  readonly strings: ByteDictionary;
  readonly resources: ResourceTable;
  readonly scopes: ScopeTable;
}

/** How the records are written. */
interface RecordTexts {
  /** Names of the list of scopes in a resource and of the list of records in a scope. */
  readonly lists: readonly [scopes: string, records: string];
  readonly recordText: (row: number) => string;
  /** Only these rows; all unless given. */
  readonly chosen?: ((row: number) => boolean) | undefined;
  /** Whether the schema URLs are written. */
  readonly hasSchemaUrls: boolean;
}

/** The objects of a list of ResourceSpans or ResourceLogs with commas between them, one chunk a record or so. */
export function* groupTexts(
  batch: GroupedBatch,
  { lists, recordText, chosen, hasSchemaUrls }: RecordTexts,
): Generator<string, void, undefined> {
  const { strings, resources, scopes } = batch;
  const [scopeList, recordList] = lists;
  const end = (schemaUrl: number): string =>
    schemaUrl === 0 || !hasSchemaUrls
      ? "]}"
      : `],"schemaUrl":${JSON.stringify(strings.text(schemaUrl))}}`;
  let resourceSeparator = "";
  for (const group of groupRows(batch.resource, batch.scope, batch.length, chosen)) {
    const resource = resourceText(resources, strings, group.resource);
    yield `${resourceSeparator}{"resource":${resource},"${scopeList}":[`;
    resourceSeparator = ",";
    let scopeSeparator = "";
    for (const { scope, rows } of group.scopes) {
      yield `${scopeSeparator}{"scope":${scopeText(scopes, strings, scope)},"${recordList}":[`;
      scopeSeparator = ",";
      let separator = "";
      for (const row of rows) {
        yield separator + recordText(row);
        separator = ",";
      }
      yield end(scopes.schemaUrl[scope] as number);
    }
    yield end(resources.schemaUrl[group.resource] as number);
  }
}
