// Settings from options and environment.

import { expect, test } from "vitest";
import { readSettings } from "./settings.ts";

const url = (variables: Record<string, string>, endpoint?: string) =>
  readSettings(endpoint === undefined ? {} : { endpoint }, variables).export.url;

test("the endpoint is completed, but the one for traces is taken as it is", () => {
  expect(url({})).toBe("http://localhost:4318/v1/traces");
  expect(url({ OTEL_EXPORTER_OTLP_ENDPOINT: "https://c/otlp/" })).toBe("https://c/otlp/v1/traces");
  expect(url({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://c/x" })).toBe("https://c/x");
  expect(url({ OTEL_EXPORTER_OTLP_ENDPOINT: "https://c" }, "http://mine")).toBe(
    "http://mine/v1/traces",
  );
});

test("settings made for gRPC work over HTTP, and say so", () => {
  const settings = readSettings(
    {},
    { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4317" },
  );
  expect(settings.export.url).toBe("http://collector:4318/v1/traces");
  expect(settings.complaints).toEqual([
    "OTLP protocol grpc is not supported; http/protobuf is used",
  ]);
});

test("options win over the environment, and bad values over nothing", () => {
  const variables = {
    OTEL_SERVICE_NAME: "from env",
    OTEL_RESOURCE_ATTRIBUTES: "service.name=weaker,team=a%20b,broken",
    OTEL_BSP_SCHEDULE_DELAY: "soon",
    OTEL_SPAN_EVENT_COUNT_LIMIT: "5",
    OTEL_NODE_DISABLED_INSTRUMENTATIONS: "http, undici",
  };
  const read = readSettings({ version: "1.2.3" }, variables);
  expect(read.service).toBe("from env");
  expect(read.resource).toEqual({ team: "a b", "service.version": "1.2.3" });
  expect(read.export.delayMs).toBe(1000);
  expect(read.limits.events).toBe(5);
  expect(read.disabledInstrumentations).toEqual(["http", "undici"]);
  expect(read.complaints).toHaveLength(2);
  expect(readSettings({ service: "mine" }, variables).service).toBe("mine");
});

test("what no header and no message can be told is complained of, and left out", () => {
  const read = (variables: Record<string, string>) => readSettings({}, variables);
  const bad = read({ CLEW_SDK_TRACE_ID_HEADER: "x trace:id", CLEW_SDK_MESSAGING_PARENT: "child" });
  expect(bad.http.traceIdHeader).toBe("");
  expect(bad.messageParent).toBeUndefined();
  expect(bad.complaints).toEqual([
    "CLEW_SDK_TRACE_ID_HEADER=x trace:id is no name of a header; none is sent",
    "CLEW_SDK_MESSAGING_PARENT=child is neither message nor link",
  ]);
  const good = read({ CLEW_SDK_TRACE_ID_HEADER: "X-Trace-Id", CLEW_SDK_MESSAGING_PARENT: "link" });
  expect([good.http.traceIdHeader, good.messageParent]).toEqual(["x-trace-id", "link"]);
  expect(good.complaints).toEqual([]);
});
