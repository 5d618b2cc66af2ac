// A span that is not recorded: it only stands for its place in the trace. Its ids are made when somebody
// asks, which for most unsampled spans nobody does.

import type { Span, SpanContext } from "@opentelemetry/api";
import { newSpanId, newTraceId, traceIdWith } from "./ids.ts";
import { traceStateOf } from "./trace-state.ts";

const SAMPLED = 1;

/** A span that carries context and takes nothing in. */
export class PassiveSpan implements Span {
  #traceId: string | undefined;
  #spanId: string | undefined;
  /** What sampling decided on, which the trace id has to agree with. */
  readonly #random: number | undefined;
  #context: SpanContext | undefined = undefined;
  readonly flags: number;
  readonly traceState: string | undefined;
  readonly isRemote: boolean;
  /** The sender left the decision about sampling to us. */
  readonly deferred: boolean;

  constructor(
    traceId: string | undefined,
    spanId: string | undefined,
    flags: number,
    traceState: string | undefined,
    isRemote: boolean,
    deferred = false,
    random?: number,
  ) {
    this.#traceId = traceId;
    this.#spanId = spanId;
    this.flags = flags;
    this.traceState = traceState;
    this.isRemote = isRemote;
    this.deferred = deferred;
    this.#random = random;
  }

  get traceId(): string {
    this.#traceId ??= this.#random === undefined ? newTraceId() : traceIdWith(this.#random);
    return this.#traceId;
  }

  get spanId(): string {
    this.#spanId ??= newSpanId();
    return this.#spanId;
  }

  get sampled(): boolean {
    return (this.flags & SAMPLED) !== 0;
  }

  spanContext(): SpanContext {
    if (this.#context === undefined) {
      const context: SpanContext = {
        traceId: this.traceId,
        spanId: this.spanId,
        traceFlags: this.flags,
      };
      if (this.isRemote) context.isRemote = true;
      if (this.traceState !== undefined) context.traceState = traceStateOf(this.traceState);
      this.#context = context;
    }
    return this.#context;
  }

  isRecording(): boolean {
    return false;
  }

  set(): this {
    return this;
  }

  setAttribute(): this {
    return this;
  }

  setAttributes(): this {
    return this;
  }

  addEvent(): this {
    return this;
  }

  addLink(): this {
    return this;
  }

  addLinks(): this {
    return this;
  }

  setStatus(): this {
    return this;
  }

  updateName(): this {
    return this;
  }

  recordException(): void {}

  end(): void {}

  [Symbol.dispose](): void {}
}
