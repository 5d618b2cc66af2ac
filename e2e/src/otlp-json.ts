// OTLP JSON as tests write and read it: only the fields that they use. Times are decimal nanoseconds.

import { randomBytes } from "node:crypto";
import type { ServerProcess } from "./server-process.ts";

/** An AnyValue. */
export interface OtlpValue {
  readonly stringValue?: string;
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
  readonly bytesValue?: string;
  readonly arrayValue?: { readonly values?: readonly OtlpValue[] };
  readonly kvlistValue?: { readonly values?: readonly OtlpAttribute[] };
}

export interface OtlpAttribute {
  readonly key: string;
  readonly value: OtlpValue;
}

export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly flags?: number;
  readonly name: string;
  readonly kind?: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly OtlpAttribute[];
  readonly events?: readonly {
    readonly timeUnixNano: string;
    readonly name: string;
    readonly attributes?: readonly OtlpAttribute[];
  }[];
  readonly links?: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes?: readonly OtlpAttribute[];
  }[];
  readonly status?: { readonly code?: number; readonly message?: string };
}

export interface OtlpTraces {
  readonly resourceSpans: readonly {
    readonly resource?: { readonly attributes?: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly {
      readonly scope?: { readonly name?: string; readonly version?: string };
      readonly spans: readonly OtlpSpan[];
    }[];
  }[];
}

/** A string attribute. */
export function stringAttribute(key: string, value: string): OtlpAttribute {
  return { key, value: { stringValue: value } };
}

/** Now, in nanoseconds since 1970. */
export function nowNano(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

/** A root server span of 10 ms that has just ended, with ids of its own and `fields` over it. */
export function spanOf(fields: Partial<OtlpSpan> = {}): OtlpSpan {
  const endNano = nowNano();
  return {
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    name: "GET /cart",
    kind: 2,
    startTimeUnixNano: String(endNano - 10_000_000n),
    endTimeUnixNano: String(endNano),
    ...fields,
  };
}

/** A request with spans of one service. */
export function requestOf(service: string, spans: readonly OtlpSpan[]): OtlpTraces {
  const attributes = [stringAttribute("service.name", service)];
  const scopeSpans = [{ scope: { name: "e2e", version: "1" }, spans }];
  return { resourceSpans: [{ resource: { attributes }, scopeSpans }] };
}

/** What the receiver answered. */
export interface ExportAnswer {
  readonly status: number;
  readonly text: string;
}

/** Posts any body to /v1/traces. */
export async function post(
  server: ServerProcess,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<ExportAnswer> {
  const answer = await fetch(`${server.otlpHttpUrl}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
  return { status: answer.status, text: await answer.text() };
}

/** Sends spans of one service and throws unless every one is acknowledged. */
export async function send(
  server: ServerProcess,
  service: string,
  spans: readonly OtlpSpan[],
): Promise<void> {
  const { status, text } = await post(server, JSON.stringify(requestOf(service, spans)));
  if (status !== 200 || text !== "{}") throw new Error(`not taken: ${status} ${text}`);
}
