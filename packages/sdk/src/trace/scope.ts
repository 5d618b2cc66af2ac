// What tracers and spans share: the instrumentation scope and the core that they belong to.

import { complain } from "../complaints.ts";
import type { ByteWriter } from "../encode/byte-writer.ts";
import type { Candidate } from "../sample/sampler.ts";
import type { SpanLimits } from "./limits.ts";
import type { OpenSpans } from "./open-spans.ts";
import type { RecordingSpan, SpanScope } from "./span.ts";

/** What a span is told about its parent in another process, or in a span of another make. */
export interface Parent {
  readonly traceId: string;
  /** Empty when only the trace is known, or a decision about it: the span becomes its root. */
  readonly spanId: string;
  readonly flags: number;
  readonly traceState: string | undefined;
  readonly isRemote: boolean;
  /** The sender left the decision to us. */
  readonly deferred: boolean;
}

/** What tracers need of the tracer's core. */
export interface TracerCore {
  readonly open: OpenSpans;
  /** W3C flags of new traces. */
  readonly rootFlags: number;
  /** Whether a span with this parent is sampled without any question. */
  samplesEverything(parent: Parent | undefined): boolean;
  /** Whether a span with this parent is not sampled, without any question. */
  samplesNothing(parent: Parent | undefined): boolean;
  /** A call to others has begun a trace of its own while this process served somebody. */
  countLostContext(scope: Scope): void;
  /** The sampler's answer; `DROP` when it fails. */
  decide(candidate: Candidate): number;
}

/** Where the bytes of ended spans are collected. */
export interface SpanTaker {
  readonly limits: SpanLimits;
  take(scope: Scope, span: RecordingSpan): void;
}

/** An instrumentation scope: who made the spans. */
export class Scope implements SpanScope {
  readonly name: string;
  readonly version: string;
  readonly limits: SpanLimits;
  /** Ended spans of the open batch; those that are kept longest in `important`. */
  ordinary: ByteWriter | undefined = undefined;
  important: ByteWriter | undefined = undefined;
  readonly #taker: SpanTaker;

  constructor(name: string, version: string, taker: SpanTaker) {
    this.name = name;
    this.version = version;
    this.limits = taker.limits;
    this.#taker = taker;
  }

  ended(span: RecordingSpan): void {
    try {
      this.#taker.take(this, span);
    } catch (error) {
      complain(`a span could not be taken: ${String(error)}`);
    }
  }
}
