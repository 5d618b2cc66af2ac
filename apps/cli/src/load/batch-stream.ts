// The batches of a run as a sequence of request bodies, ready for a protocol.

import { gzipSync } from "node:zlib";
import { BlockGenerator } from "./block-generator.ts";
import { toJsonRequest } from "./otlp-reader.ts";
import { blockOffsetNano, type LoadPlan, spansInBlock } from "./plan.ts";

/** A request body with what the report of acknowledged requests says about it. */
export interface OutgoingBatch {
  readonly sequence: number;
  readonly spans: number;
  readonly firstTraceId: string;
  /** Base time of its block, ns since 1970, decimal. */
  readonly baseNano: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Which part of a run a stream makes, and how it encodes it. All plain data: it crosses threads. */
export interface StreamOptions {
  readonly plan: LoadPlan;
  /** Makes blocks `first`, `first + step`, ... */
  readonly first: number;
  readonly step: number;
  /** Start of the run's simulated time, ns since 1970; undefined: every block ends about now. */
  readonly startNano: bigint | undefined;
  readonly json: boolean;
  /** Bodies are gzip-compressed (level 1, to cost the generator little). */
  readonly gzip: boolean;
}

/** Batches of every `step`-th block. Which worker makes a block has no influence on its bytes. */
export class BatchStream {
  readonly #options: StreamOptions;
  readonly #generator: BlockGenerator;
  #block: number;
  #baseNano = 0n;
  #begun = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#generator = new BlockGenerator(options.plan);
    this.#block = options.first;
  }

  /** The next batch, undefined at the end of the run. */
  next(): OutgoingBatch | undefined {
    const { plan, step } = this.#options;
    for (;;) {
      if (!this.#begun) {
        if (spansInBlock(plan, this.#block) === 0) return undefined;
        this.#baseNano = this.#base();
        this.#generator.begin(this.#block, this.#baseNano);
        this.#begun = true;
      }
      const batch = this.#generator.next();
      if (batch !== undefined) {
        const { sequence, spans, firstTraceId } = batch;
        return {
          sequence,
          spans,
          firstTraceId,
          baseNano: `${this.#baseNano}`,
          body: this.#encode(batch.payload),
        };
      }
      this.#block += step;
      this.#begun = false;
    }
  }

  #base(): bigint {
    const { plan, startNano } = this.#options;
    if (startNano !== undefined) return startNano + blockOffsetNano(plan, this.#block);
    const length = (spansInBlock(plan, this.#block) / plan.simulatedRate) * 1000;
    return BigInt(Math.floor(Date.now() - length)) * 1_000_000n;
  }

  #encode(payload: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const { json, gzip } = this.#options;
    const body = json ? new TextEncoder().encode(JSON.stringify(toJsonRequest(payload))) : payload;
    // A copy: a pooled buffer cannot move to another thread.
    return gzip ? new Uint8Array(gzipSync(body, { level: 1 })) : body;
  }
}
