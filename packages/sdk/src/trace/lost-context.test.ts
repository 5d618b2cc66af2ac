// The count of calls that have lost their context: those without a parent while somebody is served, and no others.

import { ROOT_CONTEXT, SpanKind } from "@opentelemetry/api";
import { afterAll, expect, test } from "vitest";
import { start } from "../sdk.ts";
import { contextWithSpan, ROOT, SUPPRESSED } from "./context.ts";

const sdk = start({ export: false, global: false, disabledInstrumentations: ["*"] });
afterAll(() => sdk?.shutdown());

test("calls without a parent count while a request is served or a message processed", () => {
  const tracer = sdk?.tracer("shop");
  const lost = () => sdk?.statistics().lostContext;
  const call = (options = {}, kind = SpanKind.CLIENT, context = ROOT_CONTEXT) =>
    tracer?.startSpan("call", { kind, ...options }, context);
  call()?.end();
  expect(lost()).toEqual({});

  const server = tracer?.startSpan("GET", { kind: SpanKind.SERVER }, ROOT_CONTEXT);
  if (server === undefined) throw new Error("the tracer did not start");
  const links = [{ context: server.spanContext() }];
  call({ links });
  call({ root: true });
  call({}, SpanKind.INTERNAL);
  call({}, SpanKind.CLIENT, SUPPRESSED);
  call({}, SpanKind.CLIENT, contextWithSpan(ROOT, server));
  expect(lost()).toEqual({});
  call();
  call({}, SpanKind.PRODUCER);
  expect(lost()).toEqual({ shop: 2 });

  server.end();
  call();
  const consumer = tracer?.startSpan("process", { kind: SpanKind.CONSUMER }, ROOT_CONTEXT);
  expect(lost()).toEqual({ shop: 2 });
  call();
  consumer?.end();
  expect(lost()).toEqual({ shop: 3 });
});
