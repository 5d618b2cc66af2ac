// The two endpoints of a Zipkin span: the service itself, and the peer that its attributes name. Databases and
// destinations of messages go by the names that the service map has for them (edges/peers.ts of the store), so
// that Zipkin's lists of remote services and of dependencies speak of them as the spans do; other peers by the
// ranking of OpenTelemetry's rules for Zipkin. An address that is an IP goes to ipv4 or ipv6.

import { SpanKind } from "@clew/model";

/** Attribute values as texts by key. */
export type Texts = ReadonlyMap<string, string>;

export interface ZipkinEndpoint {
  readonly serviceName?: string;
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly port?: number;
}

/** Who the other side is, the most telling first, each with the attribute of its port. */
const CALLED: readonly (readonly [string, string])[] = [
  ["peer.service", "server.port"],
  ["server.address", "server.port"],
  ["net.peer.name", "net.peer.port"],
  ["network.peer.address", "network.peer.port"],
  ["server.socket.domain", "server.socket.port"],
  ["server.socket.address", "server.socket.port"],
  ["net.sock.peer.name", "net.sock.peer.port"],
  ["net.sock.peer.addr", "net.sock.peer.port"],
  ["net.peer.ip", "net.peer.port"],
  ["peer.hostname", "peer.port"],
  ["peer.address", "peer.port"],
  ["messaging.destination.name", ""],
  ["db.namespace", ""],
  ["db.name", ""],
];

const CALLERS: readonly (readonly [string, string])[] = [
  ["client.address", "client.port"],
  ["network.peer.address", "network.peer.port"],
  ["net.sock.peer.addr", "net.sock.peer.port"],
  ["net.peer.ip", "net.peer.port"],
];

const DATABASE_SYSTEMS = ["db.system.name", "db.system"];
const DATABASE_PLACES = ["db.namespace", "db.name", "server.address", "net.peer.name"];
const DESTINATIONS = ["messaging.destination.name", "messaging.destination"];

const ADDRESSES = ["network.peer.address", "net.sock.peer.addr", "net.peer.ip"];
const LOCAL_ADDRESSES = ["network.local.address", "net.host.ip", "net.sock.host.addr"];
const LOCAL_PORTS = ["network.local.port", "net.host.port"];

/** The service's own endpoint. */
export function localEndpoint(serviceName: string, tags: Texts): ZipkinEndpoint {
  const address = firstOf(LOCAL_ADDRESSES, tags) ?? "";
  const port = portOf(firstOf(LOCAL_PORTS, tags));
  return {
    ...(serviceName === "" ? {} : { serviceName }),
    ...ipOf(address),
    ...(port === undefined ? {} : { port }),
  };
}

/** The other side's endpoint; undefined when nothing names it. */
export function remoteEndpoint(kind: number, tags: Texts): ZipkinEndpoint | undefined {
  const isServing = kind === SpanKind.Server || kind === SpanKind.Consumer;
  const candidates = isServing ? CALLERS : CALLED;
  const found = candidates.find(([key]) => (tags.get(key) ?? "") !== "");
  const known = isServing ? undefined : knownPeer(kind, tags);
  if (found === undefined) return known === undefined ? undefined : { serviceName: known };
  const [key, portKey] = found;
  const name = tags.get(key) ?? "";
  const port = portOf(tags.get(portKey));
  const ip = ipOf(name);
  const isIp = ip.ipv4 !== undefined || ip.ipv6 !== undefined;
  const address = isIp ? ip : ipOf(firstOf(ADDRESSES, tags) ?? "");
  const serviceName = known ?? (isIp ? undefined : name);
  return {
    ...(serviceName === undefined ? {} : { serviceName }),
    ...address,
    ...(port === undefined ? {} : { port }),
  };
}

/** The service map's name for a database (`system/place`) or for what a producer sends to. */
function knownPeer(kind: number, tags: Texts): string | undefined {
  const system = firstOf(DATABASE_SYSTEMS, tags);
  if (system === undefined)
    return kind === SpanKind.Producer ? firstOf(DESTINATIONS, tags) : undefined;
  const place = firstOf(DATABASE_PLACES, tags);
  return place === undefined ? system : `${system}/${place}`;
}

function firstOf(keys: readonly string[], tags: Texts): string | undefined {
  for (const key of keys) {
    const value = tags.get(key);
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port > 0 && port < 65_536 ? port : undefined;
}

function ipOf(text: string): Pick<ZipkinEndpoint, "ipv4" | "ipv6"> {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (parts !== null && parts.slice(1).every((part) => Number(part) < 256)) return { ipv4: text };
  const isV6 = /^[0-9a-f:]{2,39}$/i.test(text) && text.split(":").length > 2;
  return isV6 ? { ipv6: text } : {};
}
