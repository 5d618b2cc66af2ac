// Table `attribute_places` for spans that were stored before it existed.

import { PLACES } from "./column-types.ts";

function keysAt(place: (typeof PLACES)[number]): string {
  return place === "event" || place === "link"
    ? `arrayJoin(JSONExtractKeys(arrayJoin(${place}s.attributes)))`
    : `arrayJoin(mapKeys(${place}))`;
}

const selects = PLACES.map(
  (place) =>
    `SELECT tenant, CAST(${keysAt(place)}, 'String') AS key, '${place}' AS place, day, keep_days FROM spans`,
);

/** Fills the table from the spans; done again it adds nothing that is not there. */
export const fillAttributePlaces: string = `INSERT INTO attribute_places (tenant, key, place, day, keep_days)
SELECT DISTINCT tenant, key, place, day, keep_days FROM (
${selects.join("\nUNION ALL ")})`;
