// `remoteServiceName`: who a service called. Zipkin's spans say so themselves; OpenTelemetry's name a peer by
// one of several attributes, or not at all. So the name is looked up in the service map: a peer without
// spans is sought by the attributes that name it, a service among the services of the traces found.

import type { AttributeFilter, ServiceNodeType, TraceSummary } from "@clew/model";
import type { TraceReader } from "@clew/storage";
import { newestSummaries, type TracesQuery } from "../traces/whole-traces.ts";

/** Traces that are looked through for one with the remote service in it, for each that is wanted. */
const lookedThrough = 10;
const mostLookedThrough = 1000;

type Peer = { readonly name: string; readonly type: ServiceNodeType };

/** Names of all that `service` called in the range of `query`, sorted. */
export async function remoteServices(
  reader: TraceReader,
  query: Pick<TracesQuery, "tenant" | "range">,
  service: string,
  signal: AbortSignal,
): Promise<string[]> {
  const peers = await peersOf(reader, query, service, signal);
  return [...new Set(peers.map(({ name }) => name))].toSorted();
}

/** Summaries of the newest traces in which the matching span's service calls `remote`. */
export async function searchRemote(
  reader: TraceReader,
  query: TracesQuery,
  remote: string,
  signal: AbortSignal,
): Promise<TraceSummary[]> {
  const { service } = query.filter;
  const peers = await peersOf(reader, query, service, signal);
  const types = new Set(peers.filter(({ name }) => name === remote).map(({ type }) => type));
  const found: TraceSummary[] = [];
  for (const attributes of peerConditions(remote, types)) {
    const filter = {
      ...query.filter,
      attributes: [...query.filter.attributes, ...attributes],
    };
    found.push(...(await newestSummaries(reader, { ...query, filter }, signal)));
  }
  if (types.has("service")) {
    const limit = Math.min(mostLookedThrough, query.limit * lookedThrough);
    const candidates = await newestSummaries(reader, { ...query, limit }, signal);
    found.push(...candidates.filter(({ services }) => services.includes(remote)));
  }
  return newestOnce(found).slice(0, query.limit);
}

async function peersOf(
  reader: TraceReader,
  { tenant, range }: Pick<TracesQuery, "tenant" | "range">,
  service: string | undefined,
  signal: AbortSignal,
): Promise<Peer[]> {
  const { nodes, edges } = await reader.serviceMap({ tenant, range }, signal);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return edges
    .filter(({ source }) => service === undefined || source === service)
    .flatMap(({ target }) => byId.get(target) ?? []);
}

/** Conditions of which one has to hold, by what the service map knows the peer to be. */
function peerConditions(remote: string, types: ReadonlySet<ServiceNodeType>): AttributeFilter[][] {
  const is = (key: string, value = remote): AttributeFilter => ({
    scope: "span",
    key,
    operator: "=",
    value,
  });
  const conditions = [[is("peer.service")]];
  if (types.size === 0 || types.has("external"))
    conditions.push([is("server.address")], [is("net.peer.name")]);
  if (types.has("messaging"))
    conditions.push([is("messaging.destination.name")], [is("messaging.destination")]);
  if (types.has("database")) {
    // The service map's name: `system/namespace`, `system/address`, or the system alone.
    const slash = remote.indexOf("/");
    if (slash < 0) {
      conditions.push([is("db.system.name")], [is("db.system")]);
    } else {
      const system = remote.slice(0, slash);
      const place = remote.slice(slash + 1);
      for (const key of ["db.namespace", "server.address"])
        conditions.push([is("db.system.name", system), is(key, place)]);
      for (const key of ["db.name", "net.peer.name"])
        conditions.push([is("db.system", system), is(key, place)]);
    }
  }
  return conditions;
}

function newestOnce(summaries: readonly TraceSummary[]): TraceSummary[] {
  const byId = new Map(summaries.map((summary) => [summary.traceId, summary]));
  return [...byId.values()].toSorted((a, b) => {
    const [x, y] = [BigInt(a.matched.startUnixNano), BigInt(b.matched.startUnixNano)];
    return x < y ? 1 : x > y ? -1 : 0;
  });
}
