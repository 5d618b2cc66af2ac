// The services of the invented company and their running instances, with the resource attributes
// that an SDK's resource detectors would report on Kubernetes.

import { type AttributeSpecs, attributeFields } from "./attribute-spec.ts";
import { field, join, type Piece, utf8 } from "./piece.ts";
import type { Random } from "./random.ts";

/** Languages decide scope names, stack traces and the resolution of clocks. */
export type Language = "go" | "java" | "nodejs" | "python" | "dotnet";

/** A service that sends spans. */
export interface Service {
  readonly name: string;
  readonly language: Language;
  /** Number of pods. */
  readonly instances: number;
  readonly versions: readonly string[];
  /** Port on which it serves. */
  readonly port: number;
}

/** One pod of a service. */
export interface Instance {
  /** The encoded OTLP Resource message. */
  readonly resource: Uint8Array;
  /** 13 ASCII characters. */
  readonly address: Uint8Array;
  /** How far its clock is off, nanoseconds. */
  readonly skew: number;
  /** Its own durations are multiplied by this. */
  readonly slowness: number;
}

interface Platform {
  readonly sdk: string;
  readonly runtime: string;
  readonly runtimeVersion: string;
  /** Resolution of start times and of durations, nanoseconds. */
  readonly clock: readonly [number, number];
  /** Instrumentation scopes: network, data stores and queues, the service's own. [name, version] */
  readonly scopes: readonly (readonly [string, string])[];
}

/** What an SDK of each language shows of itself. */
export const platforms: Readonly<Record<Language, Platform>> = {
  go: {
    sdk: "1.38.0",
    runtime: "go",
    runtimeVersion: "go1.25.3",
    clock: [1, 1],
    scopes: [
      ["go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp", "0.63.0"],
      ["github.com/quaybooks/platform/datastore", "3.4.1"],
      ["github.com/quaybooks/platform/app", "3.4.1"],
    ],
  },
  java: {
    sdk: "1.55.0",
    runtime: "OpenJDK Runtime Environment",
    runtimeVersion: "21.0.8+9-LTS",
    clock: [1000, 1],
    scopes: [
      ["io.opentelemetry.grpc-1.6", "2.21.0-alpha"],
      ["com.quaybooks.datastore", "1.0.0"],
      ["com.quaybooks.domain", "1.0.0"],
    ],
  },
  nodejs: {
    sdk: "2.2.0",
    runtime: "nodejs",
    runtimeVersion: "24.11.1",
    clock: [1_000_000, 1000],
    scopes: [
      ["@opentelemetry/instrumentation-http", "0.208.0"],
      ["@opentelemetry/instrumentation-redis", "0.57.0"],
      ["quaybooks-web", "12.6.0"],
    ],
  },
  python: {
    sdk: "1.38.0",
    runtime: "cpython",
    runtimeVersion: "3.13.9",
    clock: [1000, 1000],
    scopes: [
      ["opentelemetry.instrumentation.asgi", "0.59b0"],
      ["opentelemetry.instrumentation.pymongo", "0.59b0"],
      ["quaybooks.jobs", "0.9.2"],
    ],
  },
  dotnet: {
    sdk: "1.13.1",
    runtime: ".NET",
    runtimeVersion: "9.0.10",
    clock: [100, 100],
    scopes: [
      ["Microsoft.AspNetCore", "9.0.10"],
      ["Npgsql", "9.0.4"],
      ["Quaybooks.Payments", "5.1.0"],
    ],
  },
};

function hex(random: Random, length: number): string {
  let digits = "";
  while (digits.length < length) digits += random.next().toString(16).padStart(8, "0");
  return digits.slice(0, length);
}

function uuid(random: Random): string {
  const d = hex(random, 30);
  return `${d.slice(0, 8)}-${d.slice(8, 12)}-4${d.slice(12, 15)}-a${d.slice(15, 18)}-${d.slice(18, 30)}`;
}

function resourceAttributes(service: Service, index: number, random: Random): AttributeSpecs {
  const platform = platforms[service.language];
  const replicaSet = `${service.name}-${hex(random, 10)}`;
  const zone = ["a", "b", "c"][index % 3] ?? "a";
  return {
    "service.name": service.name,
    "service.namespace": "quaybooks",
    "service.version": service.versions[index % service.versions.length] ?? "1.0.0",
    "service.instance.id": uuid(random),
    "deployment.environment.name": "production",
    "host.name": `node-${zone}-${String(random.below(24) + 1).padStart(2, "0")}`,
    "host.arch": index % 2 === 0 ? "arm64" : "amd64",
    "os.type": "linux",
    "cloud.region": "north-2",
    "cloud.availability_zone": `north-2${zone}`,
    "k8s.cluster.name": "harbour",
    "k8s.namespace.name": service.name.startsWith("parcel") ? "delivery" : "shop",
    "k8s.deployment.name": service.name,
    "k8s.pod.name": `${replicaSet}-${hex(random, 5)}`,
    "k8s.pod.uid": uuid(random),
    "k8s.node.name": `harbour-pool-${zone}-${random.below(24) + 1}`,
    "container.id": hex(random, 64),
    "process.pid": 1 + random.below(60),
    "process.runtime.name": platform.runtime,
    "process.runtime.version": platform.runtimeVersion,
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.language": service.language,
    "telemetry.sdk.version": platform.sdk,
  };
}

/** Makes one pod; everything about it comes from `random`. */
export function makeInstance(service: Service, index: number, random: Random): Instance {
  const resource = attributeFields(1, resourceAttributes(service, index, random), random);
  const octet = (): number => 100 + random.below(120);
  const lagging = service.name === "stock" && index === 1;
  return {
    resource: Uint8Array.from(resource.bytes),
    address: new TextEncoder().encode(`10.42.${octet()}.${octet()}`),
    skew:
      Math.round(random.normal() * 150_000) +
      (service.name === "tracking" && index === 0 ? 1.2e7 : 0),
    slowness: lagging ? 2.5 : 0.9 + 0.2 * random.unit(),
  };
}

/** The encoded InstrumentationScope messages of a service, each as field 1 of ScopeSpans. */
export function scopeHeaders(service: Service): Uint8Array[] {
  return platforms[service.language].scopes.map(([name, version]) => {
    const scope: Piece = join(field(1, utf8(name)), field(2, utf8(version)));
    return Uint8Array.from(field(1, scope).bytes);
  });
}
