// Spans of every kind for tests of the planner, given as OTLP JSON so that events, links, scopes and arrays
// come the way that senders' come.

import { decodeTracesJson } from "@clew/codec";
import { SpanBatch } from "@clew/model";
import type { TestStore } from "../contract/open-test-store.ts";
import { ARRIVED, NOON } from "../contract/store-in-hand.ts";

/** An attribute value: bigints are ints, numbers doubles, undefined an empty value, objects are as they are. */
export type JsonValue =
  | string
  | number
  | bigint
  | boolean
  | undefined
  | Uint8Array
  | readonly JsonValue[]
  | { readonly kvlist: Readonly<Record<string, JsonValue>> };

export type JsonAttributes = Readonly<Record<string, JsonValue>>;

export interface JsonSpan {
  /** Short hex; padded with zeros to the left. */
  readonly trace?: string;
  readonly span?: string;
  readonly parent?: string;
  readonly name?: string;
  /** OTLP's numbers. */
  readonly kind?: number;
  readonly status?: number;
  readonly message?: string;
  /** Nanoseconds after noon. */
  readonly start?: bigint;
  readonly duration?: bigint;
  readonly attributes?: JsonAttributes;
  readonly resource?: JsonAttributes;
  readonly scope?: {
    readonly name?: string;
    readonly version?: string;
    readonly attributes?: JsonAttributes;
  };
  readonly events?: readonly {
    readonly name?: string;
    /** Nanoseconds after the span's start. */
    readonly after?: bigint;
    readonly attributes?: JsonAttributes;
  }[];
  readonly links?: readonly {
    readonly trace?: string;
    readonly span?: string;
    readonly attributes?: JsonAttributes;
  }[];
}

/** Stores spans as one segment of a tenant; those without ids get some, each in a trace of its own. */
export async function storeSpans(
  store: TestStore,
  tenant: string,
  spans: readonly JsonSpan[],
): Promise<void> {
  const batch = new SpanBatch();
  batch.beginRequest(tenant, ARRIVED);
  const resourceSpans = spans.map((span, index) => ({
    resource: { attributes: list(span.resource ?? { "service.name": "shop" }) },
    scopeSpans: [
      {
        scope: {
          name: span.scope?.name ?? "",
          version: span.scope?.version ?? "",
          attributes: list(span.scope?.attributes ?? {}),
        },
        spans: [otlpSpan(span, index + 1)],
      },
    ],
  }));
  decodeTracesJson(new TextEncoder().encode(JSON.stringify({ resourceSpans })), batch);
  await store.insert(batch);
}

function otlpSpan(span: JsonSpan, number: number): object {
  const start = NOON + (span.start ?? BigInt(number) * 1_000_000n);
  return {
    traceId: (span.trace ?? number.toString(16)).padStart(32, "0"),
    spanId: (span.span ?? number.toString(16)).padStart(16, "0"),
    ...(span.parent === undefined ? {} : { parentSpanId: span.parent.padStart(16, "0") }),
    name: span.name ?? "work",
    kind: span.kind ?? 1,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + (span.duration ?? 1_000_000n)),
    status: { code: span.status ?? 0, message: span.message ?? "" },
    attributes: list(span.attributes ?? {}),
    events: (span.events ?? []).map(({ name = "event", after = 0n, attributes = {} }) => ({
      name,
      timeUnixNano: String(start + after),
      attributes: list(attributes),
    })),
    links: (span.links ?? []).map((link) => ({
      traceId: (link.trace ?? "1").padStart(32, "0"),
      spanId: (link.span ?? "1").padStart(16, "0"),
      attributes: list(link.attributes ?? {}),
    })),
  };
}

function list(attributes: JsonAttributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: JsonValue): object {
  if (value === undefined) return {};
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "bigint") return { intValue: String(value) };
  if (typeof value === "number")
    return { doubleValue: Number.isFinite(value) ? value : String(value) };
  if (typeof value === "boolean") return { boolValue: value };
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString("base64") };
  if ("kvlist" in value) return { kvlistValue: { values: list(value.kvlist) } };
  return { arrayValue: { values: value.map(anyValue) } };
}
