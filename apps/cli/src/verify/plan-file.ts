// The YAML file of `clew verify`: which interactions there are and what their traces are expected to look
// like. Everything wrong with it is told with its line.

import { readFileSync } from "node:fs";
import type {
  CountRange,
  SpanExpectation,
  TextMatch,
  TraceExpectation,
  ValueMatch,
} from "@clew/analysis";
import { ClewError } from "@clew/base";
import { spanKindNames, statusCodeNames } from "@clew/model";
import { type Document, isNode, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { duration } from "../argument-types.ts";

const time: z.ZodType<number, string> = z.string().transform((text, context): number => {
  try {
    return duration(text);
  } catch {
    context.addIssue({ code: "custom", message: "is not a time such as 500ms, 15s or 2m" });
    return z.NEVER;
  }
});

const nanoTime: z.ZodType<number> = time.transform((ms) => ms * 1e6);

const pattern: z.ZodType<RegExp> = z.string().transform((source, context): RegExp => {
  try {
    return new RegExp(source, "u");
  } catch {
    context.addIssue({
      code: "custom",
      message: `is not a regular expression: ${source.slice(0, 100)}`,
    });
    return z.NEVER;
  }
});

const regex: z.ZodType<RegExp> = z
  .strictObject({ regex: pattern })
  .transform((value) => value.regex);
const text: z.ZodType<TextMatch> = z.union([z.string(), regex]);

const value: z.ZodType<string | number | boolean> = z.union([z.string(), z.number(), z.boolean()]);
const attribute: z.ZodType<ValueMatch> = z.union([
  value,
  regex,
  z.array(value),
  z.strictObject({
    exists: z.boolean().optional(),
    min: z.number().optional(),
    max: z.number().optional(),
    oneOf: z.array(value).optional(),
  }),
]);

/** `3`, `"1..3"`, `"2.."`, `"..5"` */
const count: z.ZodType<CountRange> = z
  .union([z.int().min(0), z.string()])
  .transform((given, context): CountRange => {
    const match = /^(\d*)\.\.(\d*)$/.exec(String(given));
    if (match === null && /^\d+$/.test(String(given)))
      return { min: Number(given), max: Number(given) };
    const [, low = "", high = ""] = match ?? [];
    const range = { min: Number(low), max: high === "" ? Number.POSITIVE_INFINITY : Number(high) };
    if (match !== null && low + high !== "" && range.min <= range.max) return range;
    context.addIssue({
      code: "custom",
      message: 'is not a count such as 3, "1..3", "2.." or "..5"',
    });
    return z.NEVER;
  });

const edge: z.ZodType<readonly [string, string]> = z
  .string()
  .transform((given, context): readonly [string, string] => {
    const [caller = "", callee = "", ...rest] = given.split("->").map((part) => part.trim());
    if (caller !== "" && callee !== "" && rest.length === 0) return [caller, callee];
    context.addIssue({ code: "custom", message: "is not a call such as gateway -> orders" });
    return z.NEVER;
  });

const spanMatch: z.ZodRawShape = {
  service: text.optional(),
  name: text.optional(),
  kind: z.enum(spanKindNames).optional(),
  status: z.enum(statusCodeNames).optional(),
};

const span: z.ZodType<SpanExpectation> = z
  .strictObject({
    ...spanMatch,
    count: count.optional(),
    attributes: z.record(z.string(), attribute).optional(),
    resource: z.record(z.string(), attribute).optional(),
    parent: z.union([z.literal("root"), z.strictObject(spanMatch)]).optional(),
    maxDuration: nanoTime.optional(),
  })
  .transform(
    ({ maxDuration, ...rest }) =>
      withoutUndefined({ ...rest, maxDurationNano: maxDuration }) as SpanExpectation,
  );

const expectation: z.ZodType<TraceExpectation> = z
  .strictObject({
    services: z.array(z.string()).optional(),
    edges: z.array(edge).optional(),
    spans: z.array(span).optional(),
    spanCount: count.optional(),
    errors: count.optional(),
    maxDuration: nanoTime.optional(),
    unexpected: z.enum(["allow", "forbid"]).optional(),
    complete: z.boolean().optional(),
  })
  .transform(
    ({ maxDuration, ...rest }) =>
      withoutUndefined({ ...rest, maxDurationNano: maxDuration }) as TraceExpectation,
  );

const statusRange: z.ZodType<readonly number[]> = z.union([
  z
    .int()
    .min(100)
    .max(599)
    .transform((code) => [code]),
  z.array(z.int().min(100).max(599)),
]);

/** A request to send. Times are milliseconds. */
export interface SyntheticRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Statuses that are right; every status below 400 unless given. */
  readonly status?: readonly number[] | undefined;
  readonly timeout: number;
}

/** Either a request to send or a query for traces that are there. */
export interface Interaction {
  readonly name: string;
  readonly request?: SyntheticRequest | undefined;
  readonly repeat: number;
  readonly query?: string | undefined;
  /** How far back the query looks, milliseconds. */
  readonly since: number;
  readonly limit: number;
  /** Share of the traces that may have an error in their root. */
  readonly errorRate?: number | undefined;
  /** Nanoseconds. */
  readonly latency?:
    | {
        readonly p50?: number | undefined;
        readonly p95?: number | undefined;
        readonly p99?: number | undefined;
      }
    | undefined;
  /** Milliseconds; the plan's unless given. */
  readonly wait?: number | undefined;
  readonly expect: TraceExpectation;
}

export interface Plan {
  readonly otlp?: string | undefined;
  readonly tenant?: string | undefined;
  /** How long a trace may take to be complete, milliseconds. */
  readonly wait: number;
  /** How long it must stay as expected, milliseconds. */
  readonly settle: number;
  readonly interactions: readonly Interaction[];
}

const request: z.ZodType<SyntheticRequest> = z.strictObject({
  method: z
    .string()
    .regex(/^[A-Z]+$/, "is not a method such as GET")
    .default("GET"),
  url: z.url({ protocol: /^https?$/, error: "is not an http(s) URL" }),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.string().optional(),
  status: statusRange.optional(),
  timeout: time.default(10_000),
});

const interaction: z.ZodType<Interaction> = z
  .strictObject({
    name: z.string().min(1),
    request: request.optional(),
    repeat: z.int().min(1).max(1000).default(1),
    query: z.string().optional(),
    since: time.default(900_000),
    limit: z.int().min(1).max(1000).default(20),
    errorRate: z.number().min(0).max(1).optional(),
    latency: z
      .strictObject({
        p50: nanoTime.optional(),
        p95: nanoTime.optional(),
        p99: nanoTime.optional(),
      })
      .optional(),
    wait: time.optional(),
    expect: expectation.default({}),
  })
  .refine(({ request: sent, query }) => (sent === undefined) !== (query === undefined), {
    error: "has either a request to send or a query for traces that are there",
  });

const plan: z.ZodType<Plan> = z.strictObject({
  otlp: z.url().optional(),
  tenant: z.string().optional(),
  wait: time.default(15_000),
  settle: time.default(1000),
  interactions: z.array(interaction).min(1, "names no interaction"),
});

/** Reads a plan. Raises `bad_config` with file, line and what is wrong there. */
export function readPlan(file: string): Plan {
  let source: string;
  try {
    source = readFileSync(file, "utf8");
  } catch (cause) {
    throw new ClewError("bad_config", `cannot read ${file}`, {
      hint: "clew verify --help shows how such a file looks",
      cause,
    });
  }
  return parsePlan(source, file);
}

export function parsePlan(source: string, file: string): Plan {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, stringKeys: true });
  const [error] = document.errors;
  if (error !== undefined) {
    const reason = error.message.split("\n", 1)[0] ?? "";
    throw new ClewError("bad_config", `${file}:${lines.linePos(error.pos[0]).line}: ${reason}`);
  }
  const result = plan.safeParse(document.toJS());
  if (result.success) return result.data;
  const { path, message } = deepest(result.error.issues);
  const line = lineOf(document, path, lines);
  throw new ClewError("bad_config", `${file}:${line}: ${path.join(".") || "the file"} ${message}`, {
    hint: "clew verify --help shows how such a file looks",
  });
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Where alternatives all fail, the one that got furthest says most. */
function deepest(issues: readonly z.core.$ZodIssue[]): Issue {
  const flat = issues.flatMap((issue) => flatten(issue, []));
  return flat.reduce(
    (best, one) => (one.path.length > best.path.length ? one : best),
    flat[0] ?? { path: [], message: "does not fit" },
  );
}

function flatten(issue: z.core.$ZodIssue, prefix: readonly PropertyKey[]): Issue[] {
  const path = [...prefix, ...issue.path];
  const own = { path, message: issue.message };
  if (issue.code !== "invalid_union") return [own];
  return [
    own,
    ...issue.errors.flatMap((errors) => errors.flatMap((inner) => flatten(inner, path))),
  ];
}

function lineOf(document: Document, path: readonly PropertyKey[], lines: LineCounter): number {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function withoutUndefined(given: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(given).filter(([, one]) => one !== undefined));
}
