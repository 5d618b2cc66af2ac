// Types of columns that the schema declares and the writers of Native blocks repeat in their headers:
// said once, so that the two cannot drift apart.

export const KIND_TYPE =
  "Enum8('unspecified' = 0, 'internal' = 1, 'server' = 2, 'client' = 3, 'producer' = 4, 'consumer' = 5)";
export const STATUS_TYPE = "Enum8('unset' = 0, 'ok' = 1, 'error' = 2)";
/** What a row of `service_red` stands for. */
export const STEP_TYPE = "Enum8('minute' = 1, 'hour' = 2)";
/** The callee of an edge. */
export const NODE_TYPE = "Enum8('service' = 1, 'database' = 2, 'messaging' = 3, 'external' = 4)";
/** The caller of an edge. */
export const SOURCE_TYPE = "Enum8('service' = 1, 'messaging' = 3)";
/** Where an attribute of the catalogue was seen. */
export const SCOPE_TYPE = "Enum8('span' = 1, 'resource' = 2)";
export const VALUE_TYPE = "Enum8('string' = 1, 'int' = 2, 'double' = 3, 'bool' = 4, 'other' = 5)";
/** The body of a log record. */
export const BODY_TYPE = "Enum8('empty' = 0, 'string' = 1, 'other' = 2)";

/**
 * An event and a link. Arrays of tuples, not a column a field: most spans have neither, and a merge pays
 * for every column of every row. Their fields are read as subcolumns (`events.name`).
 */
export const EVENT_TYPE =
  "Tuple(time DateTime64(9, 'UTC'), name LowCardinality(String), attributes String, dropped_attributes UInt32)";
export const LINK_TYPE =
  "Tuple(trace_id FixedString(16), span_id FixedString(8), trace_state String, flags UInt32, attributes String, dropped_attributes UInt32)";
/** Where attributes of a key lie: the maps of table `spans`, its events, its links. */
export const PLACES = ["str", "int", "dbl", "bool", "other", "event", "link"] as const;
export type Place = (typeof PLACES)[number];
export const PLACE_TYPE: string = `Enum8(${PLACES.map((place, i) => `'${place}' = ${i + 1}`).join(", ")})`;
