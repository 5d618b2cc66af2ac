// Where the receivers get the rates of sampling from that they tell tracers.

/** What a tracer is told, in Jaeger's two forms. */
export interface SamplingAnswer {
  readonly json: Uint8Array;
  readonly protobuf: Uint8Array;
}

export interface SamplingSource {
  /** Never takes long; may reject with ClewError. */
  strategy(tenant: string, service: string): Promise<SamplingAnswer>;
}

/** The gRPC method that asks for it (jaeger-idl, proto/api_v2/sampling.proto). */
export const samplingMethod = "/jaeger.api_v2.SamplingManager/GetSamplingStrategy";
