// Sends what lies on the disk, one record after the other, for as long as the backend takes it.

// Not the global ones, which test runners and DOM shims replace by such as know no `unref`.
import { clearTimeout, setTimeout } from "node:timers";
import type { SpilledRecord } from "./record-file.ts";
import { backoffMs, type Outcome, TOO_LARGE } from "./retry.ts";
import type { Spill } from "./spill.ts";
import { UNSEEN_MS } from "./spill-name.ts";
import { spansIn, splitRequest } from "./split-request.ts";

/** What sends one request. */
export interface Carrier {
  send(body: Buffer): Promise<Outcome>;
}

/** Whose disk is drained. */
export interface DrainOwner {
  /** Whether nothing is more urgent. */
  calm(): boolean;
  /** Whether the backend is known to be away just now. */
  pausing(): boolean;
  delivered(spans: number): void;
  dropped(spans: number, reason: string): void;
  /** There is no more to send, or not now, which is not `complete`. */
  drained(complete: boolean): void;
}

/** The way from the disk to the backend. */
export class Drain {
  readonly #carrier: Carrier;
  readonly #spill: Spill;
  readonly #owner: DrainOwner;
  #pause: NodeJS.Timeout | undefined;
  #failures = 0;
  /** What is left of a record that was too large as a whole. */
  readonly #parts: SpilledRecord[] = [];
  /** Whether a request is on its way. */
  running = false;

  constructor(carrier: Carrier, spill: Spill, owner: DrainOwner) {
    this.#carrier = carrier;
    this.#spill = spill;
    this.#owner = owner;
  }

  /** Sends what is there, unless that is being done. */
  begin(): void {
    if (this.running || !this.#owner.calm()) return;
    if (this.#spill.next() === undefined) {
      this.#later(UNSEEN_MS);
      this.#owner.drained(true);
      return;
    }
    this.running = true;
    void this.#sendAll();
  }

  stop(): void {
    clearTimeout(this.#pause);
  }

  /** An idle process has no spans of its own to ask the backend with, and others may end beside it. */
  #later(ms: number): void {
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => {
      this.#spill.lookAgain();
      if (!this.#owner.pausing()) this.begin();
    }, ms).unref();
  }

  async #sendAll(): Promise<void> {
    let waitMs = 0;
    // Whoever waits for a flush waits for the record on its way, lest it be sent again, but not for more.
    while (this.#owner.calm() && waitMs === 0) {
      const record = this.#spill.next();
      if (record === undefined) break;
      waitMs = await this.#send(record);
    }
    this.#spill.tidy();
    const complete = waitMs === 0 && this.#spill.next() === undefined;
    this.running = false;
    this.#later(waitMs > 0 ? waitMs : UNSEEN_MS);
    this.#owner.drained(complete);
  }

  /** Sends a record, or what is left to send of it; gives milliseconds to wait when the backend is away. */
  async #send(record: SpilledRecord): Promise<number> {
    if (this.#parts.length === 0) this.#parts.push(record);
    for (let part = this.#parts[0]; part !== undefined; part = this.#parts[0]) {
      const outcome = await this.#carrier.send(part.body);
      if (outcome.kind === "retry") {
        return Math.max(1, outcome.afterMs ?? backoffMs(++this.#failures));
      }
      this.#failures = 0;
      this.#parts.shift();
      this.#answered(part, outcome);
      if (!this.#owner.calm()) break;
    }
    if (this.#parts.length === 0) this.#spill.sent();
    return 0;
  }

  #answered({ body, spans }: SpilledRecord, outcome: Exclude<Outcome, { kind: "retry" }>): void {
    if (outcome.kind === "taken") {
      this.#owner.delivered(spans - outcome.rejected);
      if (outcome.rejected > 0) this.#owner.dropped(outcome.rejected, outcome.message);
      return;
    }
    const halves = outcome.kind === "too_large" ? splitRequest(body) : undefined;
    if (halves === undefined) {
      this.#owner.dropped(spans, outcome.kind === "too_large" ? TOO_LARGE : outcome.message);
    } else this.#parts.unshift(...halves.map((half) => ({ body: half, spans: spansIn(half) })));
  }
}
