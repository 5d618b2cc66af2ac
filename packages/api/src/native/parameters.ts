// Parameters of the native API as zod schemas: what they accept, what they mean, how the OpenAPI document
// describes them. And the reading of a query string against them, with errors that name the parameter.

import { ClewError } from "@clew/base";
import {
  type AttributeFilter,
  type AttributeScope,
  type SpanKindName,
  type StatusCodeName,
  spanKindNames,
  statusCodeNames,
} from "@clew/model";
import { z } from "zod";
import { nearestName } from "../http/nearest.ts";
import { textOf } from "../sampling/rates.ts";
import { longestFilter, parseAttributeFilter } from "./attribute-filter.ts";
import { parseDuration, parseTime, type TimeExpression } from "./time.ts";

/** A parameter's schema: reads a text (or texts, where it may be repeated). */
export type Parameter<T> = z.ZodType<T>;

function time(description: string): Parameter<TimeExpression | undefined> {
  const schema = z.string().transform((text, context): TimeExpression => {
    const parsed = parseTime(text);
    if (parsed !== undefined) return parsed;
    const message =
      "is not a time: nanoseconds since 1970, ISO 8601 (2026-01-31T12:00:00Z), now, or now-1h";
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });
  return schema
    .optional()
    .describe(`${description} Nanoseconds since 1970 in decimal, ISO 8601, \`now\` or \`now-1h\`.`);
}

function duration(description: string, least: bigint): Parameter<number | undefined> {
  const schema = z.string().transform((text, context): number => {
    const nano = parseDuration(text);
    const known = nano !== undefined && nano <= BigInt(Number.MAX_SAFE_INTEGER);
    if (known && nano >= least) return Number(nano);
    const message =
      nano === undefined
        ? "is not a duration: nanoseconds, or a number with a unit such as 250us, 10ms, 1.5s, 1m"
        : known
          ? `must be at least ${least} ns`
          : "must be below 104 days (2^53 ns)";
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });
  return schema
    .optional()
    .describe(`${description} Nanoseconds, or a number with a unit: 250us, 10ms, 1.5s.`);
}

function wholeNumber(value: unknown): unknown {
  return typeof value === "string" && /^[+-]?\d+$/.test(value) ? Number(value) : value;
}

function integer(minimum: number, maximum: number, otherwise: number): Parameter<number> {
  const message = `must be a whole number from ${minimum} to ${maximum}`;
  return z.preprocess(
    wholeNumber,
    z.int(message).min(minimum, message).max(maximum, message).default(otherwise),
  );
}

function oneOf<const T extends string>(names: readonly T[]): z.ZodEnum<z.core.util.ToEnum<T>> {
  return z.enum(names, { error: () => `must be one of ${names.join(", ")}` });
}

const filterText = z.string().transform((text, context): AttributeFilter => {
  const result = parseAttributeFilter(text);
  if (result.ok) return result.filter;
  const message = `${result.message}, at position ${result.position} of ${JSON.stringify(text.slice(0, 200))}`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

const text = z.string().max(longestFilter, `has at most ${longestFilter} characters`);

type RangeShape = Readonly<Record<"start" | "end", Parameter<TimeExpression | undefined>>>;

type FilterShape = {
  readonly service: Parameter<string | undefined>;
  readonly operation: Parameter<string | undefined>;
  readonly kind: Parameter<SpanKindName | undefined>;
  readonly status: Parameter<StatusCodeName | undefined>;
  readonly minDuration: Parameter<number | undefined>;
  readonly maxDuration: Parameter<number | undefined>;
  readonly attribute: Parameter<AttributeFilter[] | undefined>;
};

type SeriesShape = RangeShape & FilterShape & { readonly step: Parameter<number | undefined> };

type SearchShape = RangeShape &
  FilterShape & {
    readonly sort: Parameter<"newest" | "slowest">;
    readonly limit: Parameter<number>;
    readonly cursor: Parameter<string | undefined>;
  };

type CatalogueShape = RangeShape & {
  readonly scope: Parameter<AttributeScope>;
  readonly prefix: Parameter<string>;
  readonly limit: Parameter<number>;
};

/** `start` and `end`: half-open, the last hour by default. */
export const rangeParameters: RangeShape = {
  start: time("Spans that start at or after this moment; by default one hour before `end`."),
  end: time("Spans that start before this moment; by default now."),
};

/** Conditions on a span, as {@link SpanFilter}. */
export const filterParameters: FilterShape = {
  service: text.optional().describe("`service.name` of the span."),
  operation: text.optional().describe("Name of the span."),
  kind: oneOf(spanKindNames).optional().describe("Kind of the span."),
  status: oneOf(statusCodeNames).optional().describe("Status of the span."),
  minDuration: duration("Spans that last at least this long.", 0n),
  maxDuration: duration("Spans that last at most this long.", 0n),
  attribute: z
    .array(filterText)
    .max(50, "can be given 50 times at most")
    .optional()
    .describe(
      "A condition on an attribute; repeat the parameter for more, all of which must hold. " +
        "`key=value`, also `!=`, `>`, `<`, `>=`, `<=` and `=~` (RE2, unanchored); `key` alone asks that it exists. " +
        "`span:` or `resource:` before the key says where to look, by default on the span first, then on its " +
        'resource. A key with `=`, `!`, `<` or `>` in it goes in double quotes, with backslash escapes: `"a=b"=c`.',
    ),
};

export const seriesParameters: SeriesShape = {
  ...rangeParameters,
  step: duration(
    "Width of a column; at most 5,000 columns. The answer's `stepNano` may be wider, and by default about 120 columns are made.",
    1n,
  ),
  ...filterParameters,
};

export const searchParameters: SearchShape = {
  ...rangeParameters,
  ...filterParameters,
  sort: oneOf(["newest", "slowest"]).default("newest").describe("Order of the matching spans."),
  limit: integer(1, 1000, 50).describe("Traces a page."),
  cursor: text.optional().describe("`nextCursor` of the page before."),
};

export const catalogueParameters: CatalogueShape = {
  ...rangeParameters,
  scope: oneOf(["any", "span", "resource"]).default("any").describe("Where the attribute lives."),
  prefix: text.default("").describe("What the answer's keys (or values) begin with."),
  limit: integer(1, 1000, 100).describe("Entries at most."),
};

/** A trace id of 1 to 32 hex digits, either case; short ones are padded with zeros on the left. */
export const traceIdParameter: Parameter<string> = z
  .string()
  .regex(/^[0-9a-fA-F]{1,32}$/, "is not a trace id: 1 to 32 hex digits")
  .transform((id) => id.toLowerCase().padStart(32, "0"))
  .describe("Trace id: 1 to 32 hex digits of either case, padded with zeros on the left.");

/** A name in a path, percent-encoded where it has a slash. */
export function nameParameter(description: string): Parameter<string> {
  return z.string().min(1, "is empty").max(longestFilter).describe(description);
}

/** Parsed query strings hold a text, or an array where a name came more than once. */
export type RawQuery = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Reads a query string or path parameters against an object schema. An empty value counts as absent.
 * Raises `bad_request` for unknown names (with the nearest known one), repeats and values that do not fit.
 */
export function readParameters<T extends z.ZodObject>(schema: T, raw: RawQuery): z.output<T> {
  const known = Object.keys(schema.shape);
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (!known.includes(name)) throw unknownParameter(name, known);
    const given = [value ?? ""].flat().filter((one) => one !== "");
    if (given.length === 0) continue;
    if (isRepeatable(schema.shape[name])) values[name] = given;
    else if (given.length > 1)
      throw new ClewError("bad_request", `parameter ${name} is given more than once`);
    else values[name] = given[0];
  }
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const name = String(issue?.path[0] ?? "");
  throw new ClewError("bad_request", `parameter ${name}: ${issue?.message ?? "does not fit"}`);
}

/** Reads the JSON of a request. Raises `bad_request` that names the place in it. */
export function readBody<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = issue?.path.map(String).join(".").slice(0, 200) ?? "";
  const where = place === "" ? "the body" : `the body's ${place}`;
  throw new ClewError("bad_request", `${where} ${issue === undefined ? "" : textOf(issue)}`.trim());
}

function isRepeatable(schema: unknown): boolean {
  return schema instanceof z.ZodOptional && schema.unwrap() instanceof z.ZodArray;
}

function unknownParameter(name: string, known: readonly string[]): ClewError {
  const nearest = nearestName(name, known);
  const hint =
    nearest !== undefined
      ? `did you mean ${nearest}?`
      : known.length === 0
        ? "this route takes no parameters"
        : `known parameters: ${known.join(", ")}`;
  return new ClewError("bad_request", `unknown parameter ${JSON.stringify(name.slice(0, 100))}`, {
    hint,
  });
}
