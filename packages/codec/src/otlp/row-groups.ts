// Groups the rows of a batch the way OTLP nests them: resource, then scope, then record. Groups come
// in the order of their first row, rows in the order of the batch.

/** Rows of one scope of one resource. */
export interface ScopeGroup {
  readonly scope: number;
  readonly rows: number[];
}

/** Scopes of one resource. */
export interface ResourceGroup {
  readonly resource: number;
  readonly scopes: ScopeGroup[];
}

/** The groups of the first `length` rows, or of those that are `chosen`, given their resource and scope columns. */
export function groupRows(
  resources: Uint32Array,
  scopes: Uint32Array,
  length: number,
  chosen?: (row: number) => boolean,
): ResourceGroup[] {
  const groups = new Map<number, ResourceGroup>();
  const scopeGroups = new Map<number, ScopeGroup>();
  let lastResource: ResourceGroup | undefined;
  let lastScope: ScopeGroup | undefined;
  for (let row = 0; row < length; row++) {
    if (chosen !== undefined && !chosen(row)) continue;
    const resource = resources[row] as number;
    const scope = scopes[row] as number;
    if (lastResource?.resource !== resource) {
      lastScope = undefined;
      lastResource = groups.get(resource);
      if (lastResource === undefined) {
        lastResource = { resource, scopes: [] };
        groups.set(resource, lastResource);
      }
    }
    if (lastScope?.scope !== scope) {
      const key = resource * 4294967296 + scope;
      lastScope = scopeGroups.get(key);
      if (lastScope === undefined) {
        lastScope = { scope, rows: [] };
        scopeGroups.set(key, lastScope);
        lastResource.scopes.push(lastScope);
      }
    }
    lastScope.rows.push(row);
  }
  return [...groups.values()];
}
