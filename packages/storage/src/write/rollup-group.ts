// The rollups of a group of segments: RED and edges are summed here segment by segment and become rows
// once for the whole group, because an insert costs what it costs however few rows it has
// (docs/adr/0009-rollups-by-group.md).

import { ByteDictionary } from "@clew/model";
import { EdgeSums } from "../edges/edge-sums.ts";
import { RedSums } from "./red-sums.ts";

export class RollupGroup {
  /** Names of tenants, services, operations and peers in all sums. */
  readonly strings: ByteDictionary = new ByteDictionary();
  readonly red: RedSums = new RedSums(this.strings);
  readonly edges: EdgeSums = new EdgeSums(this.strings);
}
