// ClickHouse error codes (src/Common/ErrorCodes.cpp) to ours. Both engines put "Code: N." in front of the
// message.

import { ClewError, type ErrorCode } from "@clew/base";
import type { QueryLimits } from "./engine.ts";

/** What was being done: a failed write is the sender's signal to retry, a failed read the asker's to ask for less. */
export type EngineTask = "read" | "write";

const TOO_MANY_ROWS = 158;
const TOO_MANY_BYTES = 307;
const OTHER_LIMITS = new Set([160, 191, 290, 396]);
/** A tree too deep or too large. */
const TOO_LONG = new Set([167, 168, 306]);
const UNREACHABLE = new Set([198, 203, 209, 210, 242, 243, 252, 319, 425, 999]);
/** The file of an insert cannot be read as rows of its table: trying again gives the same. */
const BAD_DATA = new Set([
  6, 8, 9, 10, 16, 20, 27, 32, 33, 36, 53, 69, 70, 74, 107, 117, 128, 131, 246, 271, 349, 636, 691,
]);
const MEMORY = 241;
const TIMEOUT = 159;
const CANCELLED = 394;
const REGEXP = new Set([427, 429]);

/** Number after "Code: ", or 0 when there is none. */
export function engineErrorCode(thrown: unknown): number {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const code = (thrown as { code?: unknown }).code;
  if (typeof code === "string" && /^\d+$/.test(code)) return Number(code);
  const match = /Code: (\d+)/.exec(text);
  return match === null ? 0 : Number(match[1]);
}

/**
 * The ClewError for what an engine threw; the engine's own error stays as its cause. `limits` are those that a
 * read ran under.
 */
export function engineError(
  thrown: unknown,
  task: EngineTask,
  limits?: Partial<QueryLimits>,
): ClewError {
  if (thrown instanceof ClewError) return thrown;
  const code = engineErrorCode(thrown);
  if (code === CANCELLED) return make("cancelled", "the query was cancelled", thrown);
  if (REGEXP.has(code)) {
    return make("bad_request", `the regular expression cannot be used: ${reason(thrown)}`, thrown, {
      hint: "patterns are RE2: no look-around and no back-references",
    });
  }
  if (task === "write") return writeError(code, thrown);
  const limit = limitError(code, thrown, limits);
  if (limit !== undefined) return limit;
  if (TOO_LONG.has(code) || reason(thrown).startsWith("Max query size exceeded")) {
    return make("limit_exceeded", "the query is longer than the store takes", thrown, {
      hint: "write fewer conditions; many values of one field make one regular expression",
    });
  }
  if (UNREACHABLE.has(code) || isNetwork(thrown)) return unreachable(thrown);
  return make("internal", `the store could not run the query (engine error ${code})`, thrown);
}

/** Which limit was met, and its value. */
function limitError(
  code: number,
  thrown: unknown,
  limits: Partial<QueryLimits> = {},
): ClewError | undefined {
  const { maxMemoryBytes, maxBytesToRead, maxRowsToRead, maxGroups } = {
    ...limits,
    ...limits.whole,
  };
  if (code === TIMEOUT) return timeError(limits, thrown);
  if (code === MEMORY && /\(total\)/.test(reason(thrown)))
    return tooMuch("all queries together need more memory than the store has", thrown);
  if (code === MEMORY)
    return tooMuch(
      `the query needs more memory than its limit${of(maxMemoryBytes, bytesText)}`,
      thrown,
    );
  if (code === TOO_MANY_BYTES)
    return tooMuch(
      `the query reads more bytes than its limit${of(maxBytesToRead, bytesText)}`,
      thrown,
    );
  if (code === TOO_MANY_ROWS && reason(thrown).includes("GROUP BY"))
    return groupsError(maxGroups, thrown);
  if (code === TOO_MANY_ROWS)
    return tooMuch(`the query reads more rows than its limit${of(maxRowsToRead, String)}`, thrown);
  if (OTHER_LIMITS.has(code))
    return tooMuch(`the query meets a limit of the store: ${reason(thrown)}`, thrown);
  return undefined;
}

/** A query that took too long, whoever noticed. */
export function timeError(limits: Partial<QueryLimits>, cause?: unknown): ClewError {
  const { timeoutMs } = { ...limits, ...limits.whole };
  const text = (ms: number): string => `${Math.round(ms) / 1000} s`;
  return tooMuch(`the query took longer than its time limit${of(timeoutMs, text)}`, cause);
}

function groupsError(maxGroups: number | undefined, cause: unknown): ClewError {
  return make(
    "limit_exceeded",
    `the query makes more groups than its limit${of(maxGroups, String)}`,
    cause,
    {
      hint: "leave ids and other fields with many values out of by(), add a condition, or ask for a larger step",
    },
  );
}

function of(value: number | undefined, text: (value: number) => string): string {
  return value === undefined ? "" : ` of ${text(value)}`;
}

/** `512 MiB`, `1.5 GiB`; bytes below one KiB. */
function bytesText(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(bytes) / 10)));
  return `${Math.round((bytes / 1024 ** power) * 10) / 10} ${units[power]}`;
}

function writeError(code: number, thrown: unknown): ClewError {
  if (code === MEMORY || code === 252) {
    return make("overloaded", "the store has no room for more writes right now", thrown, {
      retryAfterMs: 2000,
    });
  }
  if (code === TIMEOUT || UNREACHABLE.has(code) || isNetwork(thrown)) return unreachable(thrown);
  if (BAD_DATA.has(code))
    return make("bad_request", `the store cannot read the data: ${reason(thrown)}`, thrown);
  return make(
    "internal",
    `the store refused a write (engine error ${code}): ${reason(thrown)}`,
    thrown,
  );
}

function tooMuch(message: string, cause: unknown): ClewError {
  return make("limit_exceeded", message, cause, {
    hint: "ask for a shorter time range or add a filter",
  });
}

function unreachable(cause: unknown): ClewError {
  return make("unavailable", `the store does not answer: ${reason(cause)}`, cause, {
    retryAfterMs: 2000,
  });
}

function make(
  code: ErrorCode,
  message: string,
  cause: unknown,
  more: { hint?: string; retryAfterMs?: number } = {},
): ClewError {
  return new ClewError(code, message, { ...more, cause });
}

function isNetwork(thrown: unknown): boolean {
  const code = (thrown as { code?: unknown }).code;
  return (
    typeof code === "string" && /^(ECONN|ENOTFOUND|ETIMEDOUT|EPIPE|EHOST|ENET|EAI_)/.test(code)
  );
}

/** First sentence of the engine's message, without its codes. */
function reason(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const plain =
    text.replace(/^.*?DB::Exception: /s, "").split(/[\n]|\. Look at|: while executing/i)[0] ?? text;
  return plain.slice(0, 300);
}
