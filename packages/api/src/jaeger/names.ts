// Services and operations as all of Jaeger's APIs list them.

import { type SpanKindName, spanKindNames } from "@clew/model";
import type { TraceReader } from "@clew/storage";
import { parseError } from "./go-syntax.ts";
import { listedRange } from "./options.ts";

export interface JaegerOperation {
  readonly name: string;
  /** `internal` where the sender gave none, as Jaeger has it. */
  readonly spanKind: string;
}

export interface NamesQuery {
  readonly reader: TraceReader;
  readonly tenant: string;
  readonly nowNano: bigint;
  readonly signal: AbortSignal;
}

/** Names of the services that sent spans lately, sorted. */
export async function serviceNames(query: NamesQuery): Promise<string[]> {
  const { reader, tenant, nowNano, signal } = query;
  const services = await reader.services({ tenant, range: listedRange(nowNano) }, signal);
  return services.map(({ service }) => service).toSorted();
}

/** Operations of a service by name, of one kind if `kind` says so. */
export async function operations(
  { reader, tenant, nowNano, signal }: NamesQuery,
  service: string,
  kind: SpanKindName | undefined,
): Promise<JaegerOperation[]> {
  const range = listedRange(nowNano);
  const found = await reader.operations({ tenant, range, service }, signal);
  const list = new Map<string, JaegerOperation>();
  for (const one of found) {
    const spanKind = one.kind === "unspecified" ? "internal" : one.kind;
    if (kind !== undefined && kind !== one.kind && kind !== spanKind) continue;
    list.set(`${spanKind} ${one.operation}`, { name: one.operation, spanKind });
  }
  return [...list.values()].toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** A kind by its name, in either case. Raises `bad_request` for a name that is none. */
export function kindOf(text: string, name: string): SpanKindName {
  const kind = spanKindNames.find((known) => known === text.toLowerCase());
  if (kind !== undefined) return kind;
  throw parseError(name, `unsupported span kind: '${text.slice(0, 100)}'`);
}
