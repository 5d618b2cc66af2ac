// What a gRPC path says: `/package.Service/Method`.

import type { Attributes } from "@opentelemetry/api";

/** The scope of all gRPC spans. */
export const SCOPE = "@clew/sdk/grpc";

/** Name of a span: the path without its first slash. */
export function nameOf(path: string): string {
  return path.startsWith("/") ? path.slice(1) : path;
}

/** Service and method of a path. */
export function methodAttributes(path: string): Attributes {
  const [service, method] = nameOf(path).split("/", 2);
  return { "rpc.system": "grpc", "rpc.service": service, "rpc.method": method };
}
