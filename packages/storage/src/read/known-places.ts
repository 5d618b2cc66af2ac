// Where attributes lie, from table `attribute_places`: columns that hold no value of a key need not be read.

import type { Engine } from "../engines/engine.ts";
import type { Place } from "../schema/column-types.ts";
import type { ReadContext } from "./read-context.ts";

/** By key; an empty set for one that has nothing outside a promoted column. */
export type KnownPlaces = ReadonlyMap<string, ReadonlySet<Place>>;

export async function readKnownPlaces(
  engine: Engine,
  tenant: string,
  keys: Iterable<string>,
  context: ReadContext,
): Promise<KnownPlaces> {
  const places = new Map<string, Set<Place>>();
  for (const key of keys) places.set(key, new Set());
  if (places.size === 0) return places;
  const rows = await engine.readRows(
    `SELECT DISTINCT key, place FROM attribute_places
     WHERE tenant = {tenant:String} AND key IN {keys:Array(String)}`,
    { ...context, parameters: { tenant, keys: [...places.keys()] } },
  );
  for (const [key, place] of rows as [string, Place][]) places.get(key)?.add(place);
  return places;
}
