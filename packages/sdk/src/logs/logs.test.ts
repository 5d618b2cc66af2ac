// Log records name their span: pino and winston by themselves and by what a program says, the console where it is wanted.

import { afterEach, beforeEach, expect, test } from "vitest";
import { MODULE_SYSTEMS, provide, run } from "../testing/libraries.ts";
import { OtlpSink } from "../testing/otlp-sink.ts";
import { makePlace, type Place, removePlace } from "../testing/program.ts";
import { fieldsOf, readLogKeys } from "./keys.ts";

let sink: OtlpSink;
let place: Place;

beforeEach(async () => {
  sink = await OtlpSink.start();
  place = makePlace({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_SERVICE_NAME: "logs" });
  provide(place, ["pino", "winston"]);
});

afterEach(async () => {
  removePlace(place);
  await sink.stop();
});

const linesOf = (stdout: string) =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test.each(MODULE_SYSTEMS)("records of pino: %s", async (kind) => {
  const ending = await run(
    place,
    kind,
    { pino: "pino", "%sdk%": "{ pinoMixin, span }" },
    `const logger = pino({ mixin: () => ({ mine: 1 }) });
     logger.info("outside");
     span("inside", () => {
       logger.info({ a: 1 }, "plain");
       logger.child({ b: 2 }).warn("child");
       logger.error(new Error("thrown"));
       logger.info({ trace_id: "given" }, "given");
       pino.pino().info("by name");
       pino({ mixin: pinoMixin(() => ({ own: true })) }).info("said");
     });`,
  );
  expect(ending.stderr).toBe("");
  const { traceId, spanId } = await sink.span("inside");
  const ids = { trace_id: traceId, span_id: spanId, trace_flags: "01" };
  const lines = linesOf(ending.stdout);
  const said = (msg: string) => lines.find((line) => line["msg"] === msg);
  expect(said("outside")).not.toHaveProperty("trace_id");
  expect(said("outside")).toMatchObject({ mine: 1 });
  expect(said("plain")).toMatchObject({ ...ids, mine: 1, a: 1 });
  expect(said("child")).toMatchObject({ ...ids, mine: 1, b: 2 });
  expect(said("thrown")).toMatchObject({ ...ids, err: { message: "thrown" } });
  expect(said("given")).toMatchObject({ trace_id: "given", span_id: spanId });
  expect(said("by name")).toMatchObject(ids);
  expect(said("said")).toMatchObject({ ...ids, own: true });
});

test("what a program gives pino sees nothing of the fields, which are in the line once", async () => {
  const ending = await run(
    place,
    "cjs",
    { pino: "pino", "%sdk%": "{ pinoMixin, span }" },
    `class Order { id = 7; }
     const plain = { base: undefined, timestamp: false };
     const one = pino({ ...plain, formatters: { log: (record) => ({ ...record, own: record instanceof Order, keys: Object.keys(record).length }) } });
     const two = pino({ ...plain, mixinMergeStrategy: () => ({ merged: true }) });
     const three = pino({ ...plain, nestedKey: "nested", serializers: { a: (a) => { three.info("serializing"); return a; } } });
     const four = pino({ ...plain, mixin: pinoMixin() });
     span("inside", () => { one.info(new Order(), "class"); two.info("merged"); three.info({ a: 1 }, "nested"); four.info("mixin"); });`,
  );
  expect(ending.stderr).toBe("");
  const { traceId, spanId } = await sink.span("inside");
  const ids = `"trace_id":"${traceId}","span_id":"${spanId}","trace_flags":"01"`;
  // Each logger has a stream of its own.
  expect(ending.stdout.trim().split("\n").sort()).toEqual([
    `{"level":30,${ids},"id":7,"own":true,"keys":1,"msg":"class"}`,
    `{"level":30,${ids},"msg":"merged"}`,
    `{"level":30,${ids},"msg":"mixin"}`,
    `{"level":30,${ids},"msg":"serializing"}`,
    `{"level":30,${ids},"nested":{"a":1},"msg":"nested"}`,
  ]);
});

test("an error that winston is given twice names the span of its time, or none", async () => {
  const ending = await run(
    place,
    "cjs",
    { winston: "winston", "%sdk%": "{ span }" },
    `const logger = winston.createLogger({ format: winston.format.printf((info) => String(info.trace_id)), transports: [new winston.transports.Console()] });
     const error = new Error("kept");
     span("first", () => logger.error(error)); span("second", () => logger.error(error)); logger.error(error);`,
  );
  const [first, second] = [await sink.span("first"), await sink.span("second")];
  expect(ending.stdout).toBe(`${first.traceId}\n${second.traceId}\nundefined\n`);
});

test.each(MODULE_SYSTEMS)("records of winston: %s", async (kind) => {
  place.env["CLEW_SDK_LOG_KEYS"] = "trace,span,flags";
  const ending = await run(
    place,
    kind,
    { winston: "winston", "%sdk%": "{ span, winstonFormat }" },
    `const { format } = winston;
     const logger = winston.createLogger({ format: format.json(), transports: [new winston.transports.Console()] });
     const record = { level: "info", message: "again" };
     logger.info("outside");
     span("inside", () => {
       logger.info("plain", { a: 1 });
       logger.child({ b: 2 }).warn("child");
       logger.error(new Error("thrown"));
       logger.log(record);
       winstonFormat().transform(record);
     });
     console.log(JSON.stringify(record));`,
  );
  expect(ending.stderr).toBe("");
  const { traceId: trace, spanId: span } = await sink.span("inside");
  const ids = { trace, span, flags: "01" };
  const lines = linesOf(ending.stdout);
  expect(lines[0]).toEqual({ level: "info", message: "outside" });
  expect(lines[1]).toEqual({ ...ids, level: "info", message: "plain", a: 1 });
  expect(lines[2]).toEqual({ ...ids, level: "warn", message: "child", b: 2 });
  expect(lines[3]).toMatchObject({ ...ids, level: "error" });
  expect(lines[4]).toMatchObject({ ...ids, message: "again" });
  expect(lines[5]).toMatchObject(ids);
});

test("lines of the console, where they are wanted", async () => {
  const body = `console.log("outside"); span("inside", () => { console.log("%s lines", 2); console.log("50%d"); console.log("%s %s", 1); });`;
  const quiet = await run(place, "mjs", { "%sdk%": "{ span }" }, body);
  expect(quiet.stdout).toBe("outside\n2 lines\n50%d\n1 %s\n");
  place.env["CLEW_SDK_LOG_CONSOLE"] = "true";
  sink.spans.length = 0;
  const told = await run(place, "mjs", { "%sdk%": "{ span }" }, body);
  const { traceId, spanId } = await sink.span("inside");
  const ids = `trace_id=${traceId} span_id=${spanId} trace_flags=01`;
  expect(told.stdout).toBe(`outside\n2 lines ${ids}\n50%d ${ids}\n1 %s ${ids}\n`);
});

test("the ids are written as each reader of logs wants them", () => {
  const context = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "00f067aa0ba902b7",
    traceFlags: 1,
  };
  expect(fieldsOf(context, "otel")).toEqual({
    trace_id: context.traceId,
    span_id: context.spanId,
    trace_flags: "01",
  });
  expect(fieldsOf(context, "datadog")).toEqual({
    "dd.trace_id": context.traceId,
    "dd.span_id": "67667974448284343",
  });
  expect(fieldsOf(context, "gcp")).toMatchObject({
    "logging.googleapis.com/spanId": context.spanId,
    "logging.googleapis.com/trace_sampled": true,
  });
  expect(readLogKeys("a, b,c")).toEqual({ traceId: "a", spanId: "b", traceFlags: "c" });
  expect(readLogKeys("a,b")).toBeUndefined();
});
