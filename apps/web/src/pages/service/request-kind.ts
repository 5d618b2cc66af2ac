// Which spans of a service are its requests. The series and the heat map of the API count every span
// that its filter lets through, and the filter takes one kind: the one most requests of the service have.

import type { OperationSummary, SpanFilter, SpanKindName } from "@clew/model";

/** `server` or `consumer`, whichever has more spans; undefined for a service that takes no requests. */
export function requestKind(operations: readonly OperationSummary[]): SpanKindName | undefined {
  const count = (kind: SpanKindName): number =>
    operations.reduce((sum, one) => sum + (one.kind === kind ? one.count : 0), 0);
  const [server, consumer] = [count("server"), count("consumer")];
  if (server === 0 && consumer === 0) return undefined;
  return server >= consumer ? "server" : "consumer";
}

/** The operations that are requests to the service, and all others, each in the order given. */
export function splitByKind(operations: readonly OperationSummary[]): {
  readonly requests: readonly OperationSummary[];
  readonly others: readonly OperationSummary[];
} {
  const isRequest = ({ kind }: OperationSummary): boolean =>
    kind === "server" || kind === "consumer";
  return {
    requests: operations.filter(isRequest),
    others: operations.filter((one) => !isRequest(one)),
  };
}

/** The filter for spans of `service` of a kind, or of any. */
export function filterOf(service: string, kind: SpanKindName | undefined): Partial<SpanFilter> {
  return kind === undefined ? { service } : { service, kind };
}
