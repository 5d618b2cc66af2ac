// Jaeger's remote sampling: jaeger.api_v2.SamplingManager in protobuf (jaeger-idl, proto/api_v2/sampling.proto)
// and the JSON that `GET /sampling` answers with, in which the enum is its name and no field is null.

import type { SamplingStrategy } from "@clew/model";
import { WireReader } from "../protobuf/wire-reader.ts";
import { WireWriter } from "../protobuf/wire-writer.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const RATE_LIMITING = 1;

/** SamplingStrategyResponse as JSON. */
export function encodeSamplingStrategyJson(strategy: SamplingStrategy): string {
  if ("tracesPerSecond" in strategy)
    return JSON.stringify({
      strategyType: "RATE_LIMITING",
      rateLimitingSampling: { maxTracesPerSecond: strategy.tracesPerSecond },
    });
  const { probability, operations } = strategy;
  const answer = {
    strategyType: "PROBABILISTIC",
    probabilisticSampling: { samplingRate: probability },
  };
  if (operations.size === 0) return JSON.stringify(answer);
  const perOperationStrategies = Array.from(operations, ([operation, samplingRate]) => ({
    operation,
    probabilisticSampling: { samplingRate },
  }));
  return JSON.stringify({
    ...answer,
    operationSampling: {
      defaultSamplingProbability: probability,
      defaultLowerBoundTracesPerSecond: 0,
      perOperationStrategies,
      defaultUpperBoundTracesPerSecond: 0,
    },
  });
}

/** SamplingStrategyResponse in protobuf. */
export function encodeSamplingStrategy(strategy: SamplingStrategy): Uint8Array<ArrayBuffer> {
  const writer = new WireWriter();
  if ("tracesPerSecond" in strategy) {
    writer.uintField(0x08, RATE_LIMITING);
    const limit = writer.begin(0x1a);
    writer.uintField(0x08, strategy.tracesPerSecond);
    writer.end(limit);
    return writer.finish();
  }
  const { probability, operations } = strategy;
  share(writer, 0x12, probability);
  if (operations.size === 0) return writer.finish();
  const all = writer.begin(0x22);
  double(writer, 0x09, probability);
  for (const [operation, rate] of operations) {
    const one = writer.begin(0x1a);
    writer.textField(0x0a, operation);
    share(writer, 0x12, rate);
    writer.end(one);
  }
  writer.end(all);
  return writer.finish();
}

/** A ProbabilisticSamplingStrategy. */
function share(writer: WireWriter, tag: number, rate: number): void {
  const mark = writer.begin(tag);
  double(writer, 0x09, rate);
  writer.end(mark);
}

const view = new DataView(new ArrayBuffer(8));

function double(writer: WireWriter, tag: number, value: number): void {
  view.setFloat64(0, value, true);
  writer.fixed64Field(tag, view.getUint32(0, true), view.getUint32(4, true));
}

/** The service of SamplingStrategyParameters. Throws ClewError `malformed_payload`. */
export function decodeSamplingParameters(bytes: Uint8Array): string {
  const what = "SamplingStrategyParameters";
  const reader = new WireReader();
  reader.reset(bytes);
  let service = "";
  while (reader.pos < bytes.length) {
    const tag = reader.tag(bytes.length, what);
    if (tag !== 0x0a) {
      reader.skip(tag, bytes.length, 0, what);
      continue;
    }
    const stop = reader.block(bytes.length, what);
    service = decoder.decode(bytes.subarray(reader.pos, stop));
    reader.pos = stop;
  }
  return service;
}
