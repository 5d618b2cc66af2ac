// Counts of compare(): for each attribute how many spans of each side have it, and its most frequent values.

import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";
import { readContents } from "./compare-contents.ts";
import { readPart } from "./compare-parts.ts";
import type { AttributeCounts, SideColumns, Sides } from "./compare-ranking.ts";
import { COLUMN_PART, type CompareScan, MAP_PART } from "./compare-sql.ts";

interface CompareCounts {
  readonly attributes: readonly AttributeCounts[];
  /** All spans. */
  readonly sides: Sides;
}

export async function readCompareCounts(
  engine: Engine,
  scan: CompareScan,
  context: ReadContext,
): Promise<CompareCounts> {
  const [columns, maps, contents] = await Promise.all([
    readPart(engine, scan, COLUMN_PART, context),
    readPart(engine, scan, MAP_PART, context),
    readContents(engine, scan, context),
  ]);
  const attributes = [...columns, ...maps, ...contents.attributes];
  return { sides: contents.sides, attributes: merged(attributes) };
}

/** A promoted attribute whose value does not fit its column lies in the maps. */
function merged(attributes: readonly AttributeCounts[]): AttributeCounts[] {
  const byName = Map.groupBy(attributes, ({ name }) => name);
  return [...byName].map(([name, parts]) => {
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) return only;
    return {
      name,
      selection: parts.reduce((sum, part) => sum + part.selection, 0),
      baseline: parts.reduce((sum, part) => sum + part.baseline, 0),
      columns: addedColumns(parts.flatMap(({ columns }) => columns ?? [])),
      values: parts.flatMap(({ values }) => values),
      hasTooMany: parts.some(({ hasTooMany }) => hasTooMany),
    };
  });
}

function addedColumns(parts: readonly SideColumns[]): SideColumns | undefined {
  const [first] = parts;
  if (first === undefined) return undefined;
  const added = (side: "selection" | "baseline"): Float64Array =>
    first[side].map((_, step) =>
      parts.reduce((sum, part) => sum + (part[side][step] as number), 0),
    );
  return { selection: added("selection"), baseline: added("baseline") };
}
