// The answers of jaeger.api_v2 and jaeger.api_v3 that are not traces, in protobuf.

import { WireWriter } from "@clew/codec";
import type { Dependency } from "../../traces/dependencies.ts";
import type { JaegerOperation } from "../names.ts";
import type { JaegerTraceSummary } from "../trace-summary.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** GetServicesResponse. */
export function writeServices(names: readonly string[]): Bytes {
  const writer = new WireWriter();
  for (const name of names) writer.textField(0x0a, name);
  return writer.finish();
}

/** GetOperationsResponse; api_v2 lists the names once more in front. */
export function writeOperations(version: 2 | 3, operations: readonly JaegerOperation[]): Bytes {
  const writer = new WireWriter();
  if (version === 2)
    for (const name of new Set(operations.map((one) => one.name))) writer.textField(0x0a, name);
  for (const { name, spanKind } of operations) {
    const message = writer.begin(version === 2 ? 0x12 : 0x0a);
    writer.textField(0x0a, name);
    writer.textField(0x12, spanKind);
    writer.end(message);
  }
  return writer.finish();
}

/** GetDependenciesResponse, DependenciesResponse. */
export function writeDependencies(links: readonly Dependency[]): Bytes {
  const writer = new WireWriter();
  for (const { parent, child, callCount } of links) {
    const message = writer.begin(0x0a);
    writer.textField(0x0a, parent);
    writer.textField(0x12, child);
    writer.varint(0x18);
    writer.varint64(callCount % 4294967296, Math.floor(callCount / 4294967296));
    writer.end(message);
  }
  return writer.finish();
}

/** FindTraceSummariesResponse with one summary. */
export function writeSummary(summary: JaegerTraceSummary): Bytes {
  const writer = new WireWriter();
  const message = writer.begin(0x0a);
  writer.textField(0x0a, summary.traceId);
  writer.textField(0x12, summary.rootServiceName);
  writer.textField(0x1a, summary.rootOperationName);
  writer.fixed64Field(0x21, ...words(summary.startNano));
  writer.fixed64Field(0x29, ...words(summary.endNano));
  writer.uintField(0x30, summary.spanCount);
  writer.uintField(0x38, summary.errorSpanCount);
  writer.uintField(0x40, summary.orphanSpanCount);
  for (const { name, spanCount, errorSpanCount } of summary.services) {
    const service = writer.begin(0x4a);
    writer.textField(0x0a, name);
    writer.uintField(0x10, spanCount);
    writer.uintField(0x18, errorSpanCount);
    writer.end(service);
  }
  writer.end(message);
  return writer.finish();
}

function words(nano: bigint): [low: number, high: number] {
  return [Number(nano & 0xffffffffn), Number(nano >> 32n)];
}
