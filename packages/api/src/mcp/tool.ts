// What a tool of the MCP server is, and what it may use of a request.

import { ClewError } from "@clew/base";
import type { TimeRange } from "@clew/model";
import type { TraceqlReader, TraceReader } from "@clew/storage";
import { z } from "zod";
import { timeRange } from "../native/range.ts";
import { parseTime } from "../native/time.ts";

export interface ToolCall {
  readonly reader: TraceReader;
  readonly traceql: TraceqlReader;
  readonly tenant: string;
  readonly nowNano: bigint;
  /** Aborts when the client cancels or goes away. */
  readonly signal: AbortSignal;
}

export interface Tool {
  readonly name: string;
  readonly title: string;
  /** For the model: what it is for, and when another tool is better. */
  readonly description: string;
  readonly input: z.ZodObject;
  /** The answer as text. Errors of the caller's are ClewErrors, which the model gets to read. */
  readonly run: (input: never, call: ToolCall) => Promise<string>;
}

/** Checks a tool against its own input, then forgets the type. */
export function tool<I extends z.ZodObject>(
  description: Omit<Tool, "input" | "run"> & {
    readonly input: I;
    readonly run: (input: z.output<I>, call: ToolCall) => Promise<string>;
  },
): Tool {
  return description;
}

const when = "ISO 8601, `now`, `now-15m`, or nanoseconds since 1970.";

type OptionalText = z.ZodOptional<z.ZodString>;

function timeInput(description: string): OptionalText {
  return z.string().optional().describe(`${description} ${when}`);
}

/** Inputs of a tool that looks at a range of time. */
export const rangeInput: { readonly start: OptionalText; readonly end: OptionalText } = {
  start: timeInput("Start of the range; an hour before the end by default."),
  end: timeInput("End of the range; now by default."),
};

export const traceIdInput: z.ZodType<string> = z
  .string()
  .describe("Trace id: 32 hex digits; leading zeros may be missing.");

export function rangeOf(
  given: { readonly start?: string | undefined; readonly end?: string | undefined },
  nowNano: bigint,
): TimeRange {
  const parsed = (name: "start" | "end"): ReturnType<typeof parseTime> => {
    const text = given[name];
    if (text === undefined) return undefined;
    const time = parseTime(text);
    if (time !== undefined) return time;
    throw new ClewError("bad_request", `${name} is not a time: ${text.slice(0, 100)}`, {
      hint: when,
    });
  };
  return timeRange({ start: parsed("start"), end: parsed("end") }, nowNano);
}
