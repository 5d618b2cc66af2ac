// Span attributes of the OpenTelemetry semantic conventions that people filter and group by, each kept
// in a column of its own instead of the attribute maps. A string is promoted when it is not empty, an
// integer when it lies in 1..65535; anything else under the same key stays in the maps, so nothing is
// lost and "absent" stays distinct.

export interface PromotedAttribute {
  /** Attribute key as senders write it. */
  readonly key: string;
  /** Column of table `spans`; '' or 0 means that the attribute is not there. */
  readonly column: string;
  readonly type: "string" | "uint16";
}

function text(key: string): PromotedAttribute {
  return { key, column: key.replaceAll(".", "_"), type: "string" };
}

function number(key: string): PromotedAttribute {
  return { key, column: key.replaceAll(".", "_"), type: "uint16" };
}

/** Closed list: these names are the only attribute-derived identifiers that ever reach SQL. */
export const promotedAttributes: readonly PromotedAttribute[] = [
  text("http.request.method"),
  text("http.route"),
  number("http.response.status_code"),
  text("url.scheme"),
  text("server.address"),
  number("server.port"),
  text("network.peer.address"),
  text("network.protocol.version"),
  text("user_agent.original"),
  text("error.type"),
  text("peer.service"),
  text("rpc.system"),
  text("rpc.service"),
  text("rpc.method"),
  text("db.system.name"),
  text("db.namespace"),
  text("db.collection.name"),
  text("db.operation.name"),
  text("db.query.text"),
  text("messaging.system"),
  text("messaging.destination.name"),
  text("messaging.operation.type"),
];

/** Promoted attribute by key. */
export const promotedByKey: ReadonlyMap<string, PromotedAttribute> = new Map(
  promotedAttributes.map((attribute) => [attribute.key, attribute]),
);
