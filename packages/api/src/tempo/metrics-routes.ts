// TraceQL metrics over HTTP: query_range and query.

import { ClewError } from "@clew/base";
import { type tempo, tempoJson, tempoProtobuf } from "@clew/codec";
import { textStream } from "../http/large-pieces.ts";
import { instantAnswer, rangeAnswer } from "./answers.ts";
import {
  type Ask,
  answerForm,
  asBuffer,
  flagOf,
  invalid,
  numberOf,
  type TempoCall,
  type TempoOptions,
} from "./call.ts";
import { metricsQuestion, usualExemplars } from "./questions.ts";
import { parseGoDuration, parseStep, parseTempoTime } from "./time.ts";

export function metricsRoutes(ask: Ask): void {
  ask("/api/metrics/query_range", queryRange);
  ask("/api/metrics/query", queryInstant);
}

async function queryRange(options: TempoOptions, call: TempoCall): Promise<unknown> {
  const request = metricsRequest(call, flagOf(call.query, "instant"));
  const question = metricsQuestion(request, call.asker, since(call));
  const answer = rangeAnswer(await options.traceql().metrics(question, call.signal));
  return answerForm(call) === "protobuf"
    ? asBuffer(tempoProtobuf.encodeQueryRangeResponse(answer))
    : textStream(tempoJson.encodeQueryRangeResponseJson(answer));
}

async function queryInstant(options: TempoOptions, call: TempoCall): Promise<unknown> {
  const question = metricsQuestion(metricsRequest(call, true), call.asker, since(call));
  const result = await options.traceql().metrics({ ...question, exemplars: 0 }, call.signal);
  const answer = instantAnswer(result);
  return answerForm(call) === "protobuf"
    ? asBuffer(tempoProtobuf.encodeQueryInstantResponse(answer))
    : tempoJson.encodeQueryInstantResponseJson(answer);
}

function metricsRequest({ query }: TempoCall, instant: boolean): tempo.MetricsRequest {
  const text = query.one("q") ?? query.one("query");
  if (text === undefined) {
    throw new ClewError("bad_request", "the query is missing", {
      hint: "give it as q, such as q={} | rate()",
    });
  }
  const start = parsed(query.one("start"), "start", parseTempoTime, "a time");
  const end = parsed(query.one("end"), "end", parseTempoTime, "a time");
  const step = parsed(query.one("step"), "step", parseStep, "a duration or seconds");
  if (step === 0n && query.one("step") !== undefined)
    throw invalid("step", "0", "must be positive");
  const exemplars = numberOf(query, "exemplars", usualExemplars);
  const maxSeries = numberOf(query, "maxSeries", 0);
  if (exemplars < 0) throw invalid("exemplars", String(exemplars), "must not be negative");
  if (maxSeries < 0) throw invalid("maxSeries", String(maxSeries), "must not be negative");
  return { query: text, start, end, step, exemplars, maxSeries, instant };
}

function parsed(
  text: string | undefined,
  name: string,
  parse: (text: string) => bigint | undefined,
  what: string,
): bigint {
  if (text === undefined) return 0n;
  const nano = parse(text);
  if (nano === undefined) throw invalid(name, text, `must be ${what}`);
  return nano;
}

function since({ query }: TempoCall): bigint | undefined {
  const text = query.one("since");
  if (text === undefined) return undefined;
  const nano = parseGoDuration(text);
  if (nano === undefined || nano === 0n) throw invalid("since", text, "must be a duration like 1h");
  return nano;
}
