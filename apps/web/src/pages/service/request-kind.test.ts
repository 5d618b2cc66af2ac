import type { OperationSummary, SpanKindName } from "@clew/model";
import { expect, it } from "vitest";
import { requestKind, splitByKind } from "./request-kind.ts";

function operation(kind: SpanKindName, count: number): OperationSummary {
  const red = { count, errorCount: 0, ratePerSecond: 0, errorRate: 0 };
  return {
    service: "s",
    operation: "o",
    kind,
    ...red,
    p50Nano: 0,
    p95Nano: 0,
    p99Nano: 0,
    maxNano: 0,
  };
}

it("the charts of a service show the kind of span that most of its requests have", () => {
  expect(requestKind([operation("client", 99), operation("server", 3)])).toBe("server");
  expect(requestKind([operation("server", 1), operation("consumer", 5)])).toBe("consumer");
});

it("a service that takes no requests shows all of its spans", () => {
  expect(requestKind([operation("internal", 9), operation("client", 4)])).toBeUndefined();
  expect(requestKind([])).toBeUndefined();
});

it("requests to a service stand apart from the calls that it makes, each in the order they came", () => {
  const kinds = ["client", "consumer", "internal", "server", "producer"] as const;
  const { requests, others } = splitByKind(kinds.map((kind) => operation(kind, 1)));
  expect(requests.map(({ kind }) => kind)).toEqual(["consumer", "server"]);
  expect(others.map(({ kind }) => kind)).toEqual(["client", "internal", "producer"]);
});
