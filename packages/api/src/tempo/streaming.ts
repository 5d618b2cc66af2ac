// tempopb.StreamingQuerier: searches that answer while they run, tags and metrics, as messages of at most 1 MiB.

import {
  decodeQueryInstantRequest,
  decodeQueryRangeRequest,
  decodeSearchRequest,
  decodeTagsRequest,
  decodeTagValuesRequest,
  tempoProtobuf,
} from "@clew/codec";
import type { TraceqlReader } from "@clew/storage";
import type { GrpcCall, GrpcMethod } from "../grpc/grpc-server.ts";
import { costOf, foundTrace, instantAnswer, rangeAnswer } from "./answers.ts";
import { type Asker, metricsQuestion, searchQuestion, usualExemplars } from "./questions.ts";
import { searchInParts } from "./search.ts";
import { flatNames } from "./search-routes.ts";
import { readTagNames, readTagValues } from "./tags.ts";

const service = "/tempopb.StreamingQuerier";
const maxMessageBytes = 1024 * 1024;

export interface StreamingOptions {
  /** Asked at every call; may raise `unavailable`. */
  readonly traceql: () => TraceqlReader;
  /** Nanoseconds since 1970; what now means. For tests. */
  readonly now?: () => bigint;
}

/** The methods of the service. */
export function streamingQuerier(options: StreamingOptions): GrpcMethod[] {
  const method = (
    name: string,
    answer: (reader: TraceqlReader, call: GrpcCall, asker: Asker) => AsyncIterable<Uint8Array>,
  ): GrpcMethod => ({
    path: `${service}/${name}`,
    answer: (call) => answer(options.traceql(), call, askerOf(call, options)),
  });
  return [
    method("Search", search),
    method("SearchTags", searchTags),
    method("SearchTagsV2", searchTagsV2),
    method("SearchTagValues", searchTagValues),
    method("SearchTagValuesV2", searchTagValuesV2),
    method("MetricsQueryRange", metricsQueryRange),
    method("MetricsQueryInstant", metricsQueryInstant),
  ];
}

function askerOf({ tenant }: GrpcCall, { now }: StreamingOptions): Asker {
  return { tenant, nowNano: now?.() ?? BigInt(Date.now()) * 1_000_000n };
}

type Messages = AsyncGenerator<Uint8Array, void, undefined>;

/** Each message has the traces that none before had; clients join them by id. */
async function* search(reader: TraceqlReader, call: GrpcCall, asker: Asker): Messages {
  const question = searchQuestion(decodeSearchRequest(call.request), asker);
  for await (const part of searchInParts(reader, question, call.signal)) {
    const metrics = costOf(part.cost, part);
    yield* pieces(part.traces.map(foundTrace), (traces) =>
      tempoProtobuf.encodeSearchResponse({ traces, metrics }),
    );
  }
}

async function* metricsQueryRange(reader: TraceqlReader, call: GrpcCall, asker: Asker): Messages {
  const request = decodeQueryRangeRequest(call.request);
  // Grafana names no number, and 0 cannot be told from none here.
  const exemplars = request.exemplars || usualExemplars;
  const question = metricsQuestion({ ...request, exemplars }, asker);
  const { series, ...rest } = rangeAnswer(await reader.metrics(question, call.signal));
  yield* pieces(series, (some) =>
    tempoProtobuf.encodeQueryRangeResponse({ series: some, ...rest }),
  );
}

async function* metricsQueryInstant(reader: TraceqlReader, call: GrpcCall, asker: Asker): Messages {
  const question = metricsQuestion(decodeQueryInstantRequest(call.request), asker);
  const { series, ...rest } = instantAnswer(await reader.metrics(question, call.signal));
  yield* pieces(series, (some) =>
    tempoProtobuf.encodeQueryInstantResponse({ series: some, ...rest }),
  );
}

async function* searchTags(reader: TraceqlReader, call: GrpcCall, asker: Asker): Messages {
  const request = decodeTagsRequest(call.request);
  const { scopes, cost } = await readTagNames(reader, request, asker, call.signal);
  const names = flatNames(scopes, request.scope);
  yield* pieces(names, (some) => tempoProtobuf.encodeTexts(some, cost));
}

async function* searchTagsV2(reader: TraceqlReader, call: GrpcCall, asker: Asker): Messages {
  const request = decodeTagsRequest(call.request);
  const { scopes, cost } = await readTagNames(reader, request, asker, call.signal);
  yield* pieces(scopes, (some) => tempoProtobuf.encodeTagScopes(some, cost));
}

async function* searchTagValues(reader: TraceqlReader, call: GrpcCall, asker: Asker): Messages {
  const request = decodeTagValuesRequest(call.request);
  const { values, cost } = await readTagValues(reader, request, asker, true, call.signal);
  const texts = [...new Set(values.map(({ value }) => value))];
  yield* pieces(texts, (some) => tempoProtobuf.encodeTexts(some, cost));
}

async function* searchTagValuesV2(reader: TraceqlReader, call: GrpcCall, asker: Asker): Messages {
  const request = decodeTagValuesRequest(call.request);
  const { values, cost } = await readTagValues(reader, request, asker, false, call.signal);
  yield* pieces(values, (some) => tempoProtobuf.encodeTagValues(some, cost));
}

/** One message, or several where one would be too large: halves, and halves of those. */
function* pieces<T>(
  items: readonly T[],
  encode: (items: readonly T[]) => Uint8Array,
): Generator<Uint8Array, void, undefined> {
  const bytes = encode(items);
  if (bytes.length <= maxMessageBytes || items.length < 2) {
    yield bytes;
    return;
  }
  const half = Math.ceil(items.length / 2);
  yield* pieces(items.slice(0, half), encode);
  yield* pieces(items.slice(half), encode);
}
