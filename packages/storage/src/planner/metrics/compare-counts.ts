// Counts of compare(): for each attribute how many spans of each side have it, and its most frequent values.

import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";
import { ContentCounts } from "./compare-contents.ts";
import { readPart } from "./compare-parts.ts";
import type { AttributeCounts, SideColumns, Sides } from "./compare-ranking.ts";
import { type CompareScan, PARTS } from "./compare-sql.ts";
import { Tally } from "./compare-tally.ts";

export interface CompareCounts {
  readonly attributes: readonly AttributeCounts[];
  /** All spans. */
  readonly sides: Sides;
}

export async function readCompareCounts(
  engine: Engine,
  scan: CompareScan,
  context: ReadContext,
): Promise<CompareCounts> {
  const contents = new ContentCounts(scan.steps.count);
  const [parts] = await Promise.all([
    Promise.all(PARTS.map((part) => readPart(engine, scan, part, context))),
    contents.count(engine, scan, context),
  ]);
  const tally = new Tally(scan.steps.count);
  await contents.tally(engine, scan.tenant, tally, context);
  return { sides: contents.sides, attributes: merged([...parts.flat(), ...tally.attributes()]) };
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
