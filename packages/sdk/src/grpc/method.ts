// What a gRPC path says: `/package.Service/Method`.

import type { Attributes } from "@opentelemetry/api";

/** The scope of all gRPC spans. */
export const SCOPE = "@clew/sdk/grpc";

/** Name of a span: the path without its first slash. */
export function nameOf(path: string): string {
  return path.startsWith("/") ? path.slice(1) : path;
}

/** More paths than any program has methods. */
const MOST_PATHS = 1000;
const known = new Map<string, Readonly<Attributes>>();

/** Service and method of a path. */
export function methodAttributes(path: string): Readonly<Attributes> {
  let attributes = known.get(path);
  if (attributes === undefined) {
    const [service, method] = nameOf(path).split("/", 2);
    attributes = { "rpc.system": "grpc", "rpc.service": service, "rpc.method": method };
    if (known.size >= MOST_PATHS) known.clear();
    known.set(path, attributes);
  }
  return attributes;
}
