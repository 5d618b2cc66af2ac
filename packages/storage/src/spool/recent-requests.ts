// Senders repeat a request when its answer got lost: after a timeout, a broken connection or a crash of
// ours between fsync and answer. A request whose fingerprint was accepted in the last minutes is
// acknowledged and not stored twice. A new process starts with what request-memory.ts has of former ones.

import type { Fingerprint } from "./wal-record.ts";

/** As long as OpenTelemetry's Collector repeats a request by default; SDKs give up sooner. */
export const ROTATE_MS = 300_000;
/** Many small senders shorten the memory rather than fill it: some 250 bytes a request. */
export const ROTATE_REQUESTS = 250_000;

/** Fingerprints of the last 5 to 10 minutes, at most half a million. */
export class RecentRequests<Outcome> {
  #current = new Map<Fingerprint, Outcome>();
  #previous = new Map<Fingerprint, Outcome>();
  #rotatedMs: number;

  constructor(nowMs: number) {
    this.#rotatedMs = nowMs;
  }

  /** What became of an equal request, or undefined when there was none. */
  find(print: Fingerprint): Outcome | undefined {
    return this.#current.get(print) ?? this.#previous.get(print);
  }

  add(print: Fingerprint, outcome: Outcome, nowMs: number): void {
    if (nowMs - this.#rotatedMs > ROTATE_MS || this.#current.size >= ROTATE_REQUESTS) {
      this.#previous = this.#current;
      this.#current = new Map();
      this.#rotatedMs = nowMs;
    }
    this.#current.set(print, outcome);
  }

  /** Forgets a request that was not stored after all. */
  remove(print: Fingerprint): void {
    this.#current.delete(print);
    this.#previous.delete(print);
  }
}
