// Assertions about a recorded trace, for any test runner: each waits until it holds, or throws with the trace
// as it is.

import { AssertionError } from "node:assert";
import {
  checkTrace,
  matchesSpan,
  matchesText,
  type SpanExpectation,
  type SpanMatch,
  type TextMatch,
  type TraceExpectation,
  TraceFacts,
} from "@clew/analysis";
import type { SpanFacts } from "@clew/model";
import type { TraceRecorder } from "./trace-recorder.ts";
import { traceText } from "./trace-text.ts";

/** Which of the recorded traces is meant; the newest of those that fit. */
export interface TraceChoice {
  readonly traceId?: string;
  /** Name of the root span. */
  readonly root?: TextMatch;
  /** Service of the root span. */
  readonly service?: TextMatch;
  /** How long to wait for it to be as expected, milliseconds; 2000 unless given. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 2000;
/** Any number of errors: the single assertions below are about something else. */
const ANY = { min: 0, max: Number.POSITIVE_INFINITY };

export class TraceAssertion {
  readonly #recorder: TraceRecorder;
  readonly #choice: TraceChoice;

  constructor(recorder: TraceRecorder, choice: TraceChoice) {
    this.#recorder = recorder;
    this.#choice = choice;
  }

  /** Everything at once; resolves to the trace. Errors and broken traces fail it unless they are expected. */
  async toMatch(expectation: TraceExpectation): Promise<TraceFacts> {
    const find = (spans: readonly SpanFacts[]): TraceFacts | undefined => {
      const trace = chosen(spans, this.#choice);
      return trace !== undefined && checkTrace(trace, expectation).length === 0 ? trace : undefined;
    };
    const found = await this.#recorder.waitFor(find, this.#choice.timeoutMs ?? TIMEOUT_MS);
    if (found !== undefined) return found;
    throw this.#failure(expectation);
  }

  /** The trace has such spans, `count` times or at least once; resolves to them. */
  async toHaveSpan(span: string | SpanExpectation): Promise<readonly SpanFacts[]> {
    const expected = typeof span === "string" ? { name: span } : span;
    const trace = await this.toMatch({ spans: [expected], errors: ANY, complete: false });
    return trace.spans.filter((one) => matchesSpan(one, expected));
  }

  /** No span of the trace is such. */
  async toHaveNoSpan(match: string | SpanMatch): Promise<TraceFacts> {
    const expected = typeof match === "string" ? { name: match } : match;
    const spans = [{ ...expected, count: { min: 0, max: 0 } }];
    return await this.toMatch({ spans, errors: ANY, complete: false });
  }

  /** `caller` calls `callee`, over a request or a message. */
  async toHaveCall(caller: string, callee: string): Promise<TraceFacts> {
    return await this.toMatch({ edges: [[caller, callee]], errors: ANY, complete: false });
  }

  /** No span is orphaned or there twice. */
  async toBeComplete(): Promise<TraceFacts> {
    return await this.toMatch({ errors: ANY });
  }

  /** Complete, and without a span that failed. */
  async toSucceed(): Promise<TraceFacts> {
    return await this.toMatch({});
  }

  #failure(expectation: TraceExpectation): AssertionError {
    const trace = chosen(this.#recorder.spans, this.#choice);
    if (trace === undefined) {
      const roots = this.#recorder.spans.filter(({ parentSpanId }) => parentSpanId === "");
      const names = roots.map(({ service, name }) => `${service}: ${name}`).join(", ");
      const message = `no trace ${choiceText(this.#choice)}was recorded`;
      return new AssertionError({ message: `${message}; roots: ${names === "" ? "none" : names}` });
    }
    const findings = checkTrace(trace, expectation).map(
      ({ kind, message }) => `${kind}: ${message}`,
    );
    return new AssertionError({ message: `${findings.join("\n")}\n\n${traceText(trace)}` });
  }
}

/** The newest trace that fits, with the traces whose spans link to it. */
function chosen(spans: readonly SpanFacts[], choice: TraceChoice): TraceFacts | undefined {
  const { traceId, root, service } = choice;
  const roots = spans.filter(
    (span) =>
      span.parentSpanId === "" &&
      (traceId === undefined || span.traceId === traceId) &&
      matchesText(span.name, root) &&
      matchesText(span.service, service),
  );
  const anyOf = root === undefined && service === undefined ? spans : [];
  const all =
    roots.length > 0
      ? roots
      : anyOf.filter((span) => traceId === undefined || span.traceId === traceId);
  const newest = all.reduce<SpanFacts | undefined>(
    (best, span) => (best === undefined || span.startUnixNano > best.startUnixNano ? span : best),
    undefined,
  );
  if (newest === undefined) return undefined;
  const linked = new Set([newest.traceId]);
  for (const span of spans)
    if (span.links.some((link) => link.traceId === newest.traceId)) linked.add(span.traceId);
  return new TraceFacts(spans.filter((span) => linked.has(span.traceId)));
}

function choiceText({ traceId, root, service }: TraceChoice): string {
  const parts = [
    traceId === undefined ? "" : `${traceId} `,
    root === undefined ? "" : `with root ${String(root)} `,
    service === undefined ? "" : `of service ${String(service)} `,
  ];
  return parts.join("");
}
