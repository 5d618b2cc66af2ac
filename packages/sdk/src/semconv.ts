// Types of attributes that OpenTelemetry's semantic conventions (1.44) call stable, so that the compiler finds
// a misspelt type. Attributes of one's own have any other name.

type Method =
  | "CONNECT"
  | "DELETE"
  | "GET"
  | "HEAD"
  | "OPTIONS"
  | "PATCH"
  | "POST"
  | "PUT"
  | "QUERY"
  | "TRACE"
  | "_OTHER";

/** Stable attributes by name. */
export interface KnownAttributes {
  "client.address"?: string;
  "client.port"?: number;
  "code.column.number"?: number;
  "code.file.path"?: string;
  "code.function.name"?: string;
  "code.line.number"?: number;
  "code.stacktrace"?: string;
  "db.collection.name"?: string;
  "db.namespace"?: string;
  "db.operation.batch.size"?: number;
  "db.operation.name"?: string;
  "db.query.summary"?: string;
  "db.query.text"?: string;
  "db.response.status_code"?: string;
  "db.stored_procedure.name"?: string;
  "db.system.name"?: string;
  "deployment.environment.name"?: string;
  "error.type"?: string;
  "exception.message"?: string;
  "exception.stacktrace"?: string;
  "exception.type"?: string;
  "http.request.method"?: Method;
  "http.request.method_original"?: string;
  "http.request.resend_count"?: number;
  "http.response.status_code"?: number;
  "http.route"?: string;
  "network.local.address"?: string;
  "network.local.port"?: number;
  "network.peer.address"?: string;
  "network.peer.port"?: number;
  "network.protocol.name"?: string;
  "network.protocol.version"?: string;
  "network.transport"?: "pipe" | "quic" | "tcp" | "udp" | "unix";
  "network.type"?: "ipv4" | "ipv6";
  "server.address"?: string;
  "server.port"?: number;
  "url.full"?: string;
  "url.path"?: string;
  "url.query"?: string;
  "url.scheme"?: string;
  "url.fragment"?: string;
  "user_agent.original"?: string;
}

/** Attributes of a span: known names have their types, others any that OpenTelemetry allows. */
export type SpanAttributes = KnownAttributes & {
  [key: string]: string | number | boolean | readonly (string | number | boolean)[] | undefined;
};
