// The grammar of traces: an operation is one kind of span and what it calls. The functions here give
// operations the span names and attributes of OpenTelemetry's semantic conventions.

import { SpanKind } from "@clew/model";
import {
  type AttributeSpecs,
  double,
  int,
  maybe,
  oneOf,
  type ValueSpec,
} from "./attribute-spec.ts";
import type { Service } from "./service.ts";

/** A call from one operation to another. */
export interface Call {
  readonly target: Operation;
  /** Share of the parent's runs that make this call at all. */
  readonly probability: number;
  /** Least and most repetitions; few are likelier than many. */
  readonly times: readonly [number, number];
  /** Repetitions run at the same time instead of one after another. */
  readonly parallel: boolean;
  /** The parent survives a failure of this call. */
  readonly tolerated: boolean;
  /** A failure is tried once more. */
  readonly retried: boolean;
  /** The call starts after the caller has ended, with a delay of this median (a message). */
  readonly delayUs: number;
}

/** How an operation fails by itself: an exception event and an error status. */
export interface Failure {
  readonly probability: number;
  readonly exception: string;
  readonly message: string;
}

/** One kind of span. */
export interface Operation {
  readonly service: Service;
  /** 0 network, 1 data stores and queues, 2 the service's own. */
  readonly scope: 0 | 1 | 2;
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: AttributeSpecs;
  /** Attributes that replace or join the above on a failed span. */
  readonly errorAttributes: AttributeSpecs;
  /** Median of the time it spends itself, without its calls, microseconds. */
  readonly medianUs: number;
  /** Spread of that time: 0 narrow, 1 usual, 2 heavy tail. */
  readonly spread: 0 | 1 | 2;
  readonly calls: readonly Call[];
  readonly failure: Failure | undefined;
  /** Name of an event that some spans carry. */
  readonly event: string | undefined;
  /** Most links to earlier producer spans; 0 for none. */
  readonly links: number;
  /** Siblings before it in the trace are about another book. */
  readonly changesBook: boolean;
}

/** What a caller of the functions below may set; the rest follows from the convention. */
export interface Shape {
  readonly ms: number;
  readonly spread?: 0 | 1 | 2;
  readonly calls?: readonly Call[];
  readonly attributes?: AttributeSpecs;
  readonly failure?: Failure;
  readonly event?: string;
  readonly links?: number;
  readonly changesBook?: boolean;
}

/** A call of `target`; once, in sequence, its failure fatal to the caller, unless said otherwise. */
export function call(target: Operation, options: Partial<Omit<Call, "target">> = {}): Call {
  const once = { probability: 1, times: [1, 1] as const, parallel: false, tolerated: false };
  return { ...once, retried: false, delayUs: 0, ...options, target };
}

/** A failure with `exception` on this share of the spans. */
export function fails(probability: number, exception: string, message: string): Failure {
  return { probability, exception, message };
}

type Core = Pick<Operation, "service" | "scope" | "name" | "kind" | "attributes">;

function operation(core: Core, shape: Shape, errorAttributes: AttributeSpecs = {}): Operation {
  return {
    ...core,
    attributes: { ...core.attributes, ...shape.attributes },
    errorAttributes: { "error.type": shape.failure?.exception ?? "upstream", ...errorAttributes },
    medianUs: shape.ms * 1000,
    spread: shape.spread ?? 1,
    calls: shape.calls ?? [],
    failure: shape.failure,
    event: shape.event,
    links: shape.links ?? 0,
    changesBook: shape.changesBook ?? false,
  };
}

const userAgents: ValueSpec = oneOf(
  "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
  "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
  "QuaybooksApp/7.12.1 (Android 15; Pixel 9)",
  "QuaybooksApp/7.11.0 (iOS 18.6)",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
);

/** Method and route of an HTTP operation; `path` has placeholders where `route` has parameters. */
export interface Endpoint {
  readonly method: string;
  readonly route: string;
  readonly path: string;
  readonly status: number;
}

/** An HTTP endpoint that people and devices reach from outside. */
export function edgeServer(service: Service, host: string, at: Endpoint, shape: Shape): Operation {
  const attributes: AttributeSpecs = {
    "http.request.method": at.method,
    "url.scheme": "https",
    "url.path": at.path,
    "http.route": at.route,
    "http.response.status_code": at.status,
    "server.address": host,
    "client.address": "{client}",
    "network.protocol.version": oneOf("2", "3", "1.1"),
    "user_agent.original": userAgents,
    "http.response.body.size": int(900, 180_000),
  };
  const name = `${at.method} ${at.route}`;
  const core: Core = { service, scope: 0, name, kind: SpanKind.Server, attributes };
  return operation(core, shape, { "http.response.status_code": oneOf(502, 504, 500) });
}

/** An HTTP endpoint that other services reach. */
export function httpServer(service: Service, at: Endpoint, shape: Shape): Operation {
  const attributes: AttributeSpecs = {
    "http.request.method": at.method,
    "url.scheme": "http",
    "url.path": at.path,
    "http.route": at.route,
    "http.response.status_code": at.status,
    "server.address": `${service.name}.quaybooks`,
    "server.port": service.port,
    "network.peer.address": "{peer}",
    "network.peer.port": int(32_768, 60_999),
    "network.protocol.version": "1.1",
  };
  const name = `${at.method} ${at.route}`;
  const core: Core = { service, scope: 0, name, kind: SpanKind.Server, attributes };
  return operation(core, shape, { "http.response.status_code": oneOf(500, 503) });
}

/** The client side of `server`, an HTTP operation of this company. */
export function httpClient(service: Service, server: Operation, at: Endpoint): Operation {
  const host = `${server.service.name}.quaybooks`;
  const attributes: AttributeSpecs = {
    "http.request.method": at.method,
    "url.full": `http://${host}:${server.service.port}${at.path}`,
    "http.response.status_code": at.status,
    "server.address": host,
    "server.port": server.service.port,
    "network.peer.address": "{peer}",
    "network.peer.port": server.service.port,
    "network.protocol.version": "1.1",
  };
  const core: Core = { service, scope: 0, name: at.method, kind: SpanKind.Client, attributes };
  const shape: Shape = { ms: 0.5, calls: [call(server)] };
  const status = { "http.response.status_code": 503, "error.type": "503" };
  return operation(core, shape, status);
}

/** A call to somebody else's HTTP service, which sends no spans. */
export function externalHttp(
  service: Service,
  host: string,
  at: Endpoint,
  shape: Shape,
): Operation {
  const attributes: AttributeSpecs = {
    "http.request.method": at.method,
    "url.full": `https://${host}${at.path}`,
    "url.template": at.route,
    "http.response.status_code": at.status,
    "server.address": host,
    "server.port": 443,
    "network.peer.address": oneOf("198.51.100.17", "198.51.100.42", "203.0.113.80"),
    "network.protocol.version": "2",
    "http.request.resend_count": maybe(0.02, 1),
  };
  const core: Core = { service, scope: 0, name: at.method, kind: SpanKind.Client, attributes };
  return operation(core, shape, { "http.response.status_code": oneOf(503, 429, 504) });
}

/** The server side of a gRPC method. */
export function rpcServer(service: Service, method: string, shape: Shape): Operation {
  const [rpcService = "", rpcMethod = ""] = method.split("/");
  const attributes: AttributeSpecs = {
    "rpc.system": "grpc",
    "rpc.service": rpcService,
    "rpc.method": rpcMethod,
    "rpc.grpc.status_code": 0,
    "server.address": `${service.name}.quaybooks`,
    "server.port": service.port,
    "network.peer.address": "{peer}",
    "network.peer.port": int(32_768, 60_999),
    "network.type": "ipv4",
  };
  const core: Core = { service, scope: 0, name: method, kind: SpanKind.Server, attributes };
  return operation(core, shape, { "rpc.grpc.status_code": oneOf(13, 14, 4) });
}

/** The client side of `server`, a gRPC method. */
export function rpcClient(
  service: Service,
  server: Operation,
  shape: Partial<Shape> = {},
): Operation {
  const [rpcService = "", rpcMethod = ""] = server.name.split("/");
  const attributes: AttributeSpecs = {
    "rpc.system": "grpc",
    "rpc.service": rpcService,
    "rpc.method": rpcMethod,
    "rpc.grpc.status_code": 0,
    "server.address": `${server.service.name}.quaybooks`,
    "server.port": server.service.port,
    "network.peer.address": "{peer}",
    "network.peer.port": server.service.port,
  };
  const core: Core = { service, scope: 0, name: server.name, kind: SpanKind.Client, attributes };
  const status = { "rpc.grpc.status_code": oneOf(14, 13, 4), "error.type": oneOf("14", "13", "4") };
  return operation(core, { ms: 0.4, ...shape, calls: [call(server)] }, status);
}

/** A statement on a PostgreSQL database. */
export function sql(service: Service, table: string, statement: string, shape: Shape): Operation {
  const verb = statement.slice(0, statement.indexOf(" "));
  const attributes: AttributeSpecs = {
    "db.system.name": "postgresql",
    "db.namespace": service.name,
    "db.collection.name": table,
    "db.operation.name": verb,
    "db.query.text": statement,
    "server.address": `pg-${service.name}.data.quaybooks`,
    "server.port": 5432,
    "network.peer.address": oneOf("10.80.111.104", "10.80.112.107", "10.80.113.101"),
    "db.response.returned_rows": int(0, verb === "SELECT" ? 90 : 3),
  };
  const core: Core = {
    service,
    scope: 1,
    name: `${verb} ${table}`,
    kind: SpanKind.Client,
    attributes,
  };
  return operation(core, shape, { "db.response.status_code": oneOf("57014", "40001", "53300") });
}

/** A Redis command. */
export function redis(service: Service, command: string, key: string, shape: Shape): Operation {
  const attributes: AttributeSpecs = {
    "db.system.name": "redis",
    "db.namespace": "0",
    "db.operation.name": command,
    "db.query.text": `${command} ${key}`,
    "server.address": `redis-${service.name}.data.quaybooks`,
    "server.port": 6379,
    "network.peer.address": oneOf("10.80.121.104", "10.80.122.107"),
    "network.peer.port": 6379,
  };
  const core: Core = { service, scope: 1, name: command, kind: SpanKind.Client, attributes };
  return operation(core, { spread: 0, ...shape });
}

/** A MongoDB command. */
export function mongo(service: Service, verb: string, collection: string, shape: Shape): Operation {
  const attributes: AttributeSpecs = {
    "db.system.name": "mongodb",
    "db.namespace": service.name,
    "db.collection.name": collection,
    "db.operation.name": verb,
    "db.query.text": `{"${verb}":"${collection}","filter":{"_id":"?"},"lsid":"?","$db":"${service.name}"}`,
    "server.address": `docs-${service.name}.data.quaybooks`,
    "server.port": 27_017,
    "network.peer.address": oneOf("10.80.131.104", "10.80.132.107", "10.80.133.102"),
  };
  const core: Core = {
    service,
    scope: 1,
    name: `${verb} ${collection}`,
    kind: SpanKind.Client,
    attributes,
  };
  return operation(core, shape);
}

function topicAttributes(topic: string, type: string, name: string): AttributeSpecs {
  return {
    "messaging.system": "kafka",
    "messaging.destination.name": topic,
    "messaging.operation.type": type,
    "messaging.operation.name": name,
    "messaging.destination.partition.id": oneOf("3", "7", "0", "11", "5", "1", "9", "2"),
    "messaging.kafka.offset": int(3_000_000, 190_000_000),
    "messaging.message.body.size": int(180, 6000),
    "server.address": oneOf(
      "kafka-0.data.quaybooks",
      "kafka-1.data.quaybooks",
      "kafka-2.data.quaybooks",
    ),
    "server.port": 9092,
  };
}

/** Sending to a Kafka topic; `consumers` run later in the same trace. */
export function publish(service: Service, topic: string, shape: Shape): Operation {
  const attributes: AttributeSpecs = {
    ...topicAttributes(topic, "send", "publish"),
    "messaging.client.id": `${service.name}-producer-{h4}`,
  };
  const core: Core = {
    service,
    scope: 1,
    name: `publish ${topic}`,
    kind: SpanKind.Producer,
    attributes,
  };
  return operation(core, shape);
}

/** Handling of messages of a Kafka topic. */
export function consume(service: Service, topic: string, shape: Shape): Operation {
  const attributes: AttributeSpecs = {
    ...topicAttributes(topic, "process", "process"),
    "messaging.consumer.group.name": service.name,
    ...(shape.links === undefined ? {} : { "messaging.batch.message_count": int(2, 60) }),
  };
  const core: Core = {
    service,
    scope: 1,
    name: `process ${topic}`,
    kind: SpanKind.Consumer,
    attributes,
  };
  return operation(core, shape);
}

/** Work inside a service that it traces itself; carries the business's own attributes. */
export function internal(service: Service, name: string, shape: Shape): Operation {
  const attributes: AttributeSpecs = {
    "code.function.name": `quaybooks.${service.name}.${name}`,
    "thread.id": int(1, 120),
    "app.user.id": "u-{user}",
    "app.tier": oneOf("standard", "plus", "trade"),
    "app.region": oneOf("coast", "midlands", "highlands", "islands"),
    "app.feature.flag": { type: "flag", probability: 0.3 },
    "app.elapsed.budget": double(0.1, 40),
    "app.experiments": maybe(0.25, ["new-basket", "slot-picker", "express-{d2}"]),
    "app.correlation.id": "{uuid}",
  };
  const core: Core = { service, scope: 2, name, kind: SpanKind.Internal, attributes };
  return operation(core, shape);
}
