// What an answer means for the sender, by OTLP's table (opentelemetry-proto, docs/specification.md, "OTLP/HTTP
// Response"), and how long to wait.

const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const FIRST_MS = 500;
const LONGEST_MS = 30_000;
const LONGEST_ASKED_MS = 300_000;
/** A backend that asks for no wait at all, or for one till a time that is over, is not asked without end. */
const LEAST_ASKED_MS = 100;

/** Why a single span is dropped that the backend answers with 413. */
export const TOO_LARGE = "the backend takes no requests of this size";

/** What became of a request. */
export type Outcome =
  | { readonly kind: "taken"; readonly rejected: number; readonly message: string }
  /** `reached` is false when nobody answered. */
  | {
      readonly kind: "retry";
      readonly afterMs: number | undefined;
      readonly reached: boolean;
      readonly message: string;
    }
  | { readonly kind: "too_large" }
  | { readonly kind: "refused"; readonly message: string };

/** Milliseconds that a Retry-After header asks for: seconds, or a date. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(LEAST_ASKED_MS, ms), LONGEST_ASKED_MS) : undefined;
}

/** The meaning of a status that is not a success. */
export function failureOf(status: number, retryAfter: string | undefined, now: number): Outcome {
  const message = `the backend answered ${status}`;
  if (RETRYABLE.has(status)) {
    return { kind: "retry", afterMs: retryAfterMs(retryAfter, now), reached: true, message };
  }
  return status === 413 ? { kind: "too_large" } : { kind: "refused", message };
}

/** Milliseconds before the attempt after `failures` failures in a row, doubled each time, with jitter. */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10));
  return full * (0.5 + random() / 2);
}
