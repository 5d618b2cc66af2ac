// What may be said about sampling, as zod schemas, and the reading of a whole document of rates: a default
// and services by name. Errors say the place, as `services.cart.probability must be ...`.

import type { ServiceSampling } from "@clew/model";
import { z } from "zod";

/** Operations of a service that may have a share of their own: what a tracer looks up at every trace. */
const mostOperations = 10_000;
const mostServices = 100_000;
const longestName = 1024;
/** Clients hold the limit in 32 bits. */
const mostTracesPerSecond = 2 ** 31 - 1;
const mostProblems = 20;

const shareText = "must be a number from 0 to 1";
const share = z.number(shareText).min(0, shareText).max(1, shareText);
const someShareText = "must be a number above 0, at most 1";
const someShare = z.number(someShareText).gt(0, someShareText).max(1, someShareText);
const limitText = `must be a whole number from 1 to ${mostTracesPerSecond}`;
const targetText = "must be a number above 0, at most 1000000";

const name = z.string().min(1, "a name is empty").max(longestName, "a name is too long");
const operations = z
  .record(name, share, "must map names of operations to shares, such as {GET /health: 0}")
  .refine(
    (shares) => Object.keys(shares).length <= mostOperations,
    `has more than ${mostOperations} operations`,
  );

const fields = z.strictObject({
  probability: share.exactOptional().describe("Share of the traces to keep, 0 to 1."),
  tracesPerSecond: z
    .int(limitText)
    .min(1, limitText)
    .max(mostTracesPerSecond, limitText)
    .exactOptional()
    .describe("Most traces that each process of the service keeps a second."),
  targetPerSecond: z
    .number(targetText)
    .gt(0, targetText)
    .max(1_000_000, targetText)
    .exactOptional()
    .describe(
      "Requests a second to keep of the service; the probability is computed from its rate.",
    ),
  minProbability: someShare
    .exactOptional()
    .describe("Least probability to compute; by default 0.0001."),
  maxProbability: someShare.exactOptional().describe("Greatest probability to compute; default 1."),
  initialProbability: someShare
    .exactOptional()
    .describe("Probability while no rate is known; by default the greatest."),
  perOperation: z
    .boolean("must be true or false")
    .exactOptional()
    .describe("Whether `targetPerSecond` is each operation's rather than the service's."),
  operations: operations
    .exactOptional()
    .describe("Share of the traces to keep by the name of the span that they begin with."),
});

const adaptiveFields = ["minProbability", "maxProbability", "initialProbability"] as const;

function checkTogether(given: z.output<typeof fields>, add: (key: string, text: string) => void) {
  const modes = (["probability", "tracesPerSecond", "targetPerSecond"] as const).filter(
    (key) => given[key] !== undefined,
  );
  if (modes.length > 1) add(modes[1] as string, `cannot stand beside ${modes[0]}: choose one`);
  if (given.tracesPerSecond !== undefined && given.operations !== undefined)
    add("operations", "cannot stand beside tracesPerSecond, which holds for all of them");
  for (const key of [...adaptiveFields, "perOperation"] as const) {
    if (given[key] !== undefined && given.targetPerSecond === undefined)
      add(key, "is for targetPerSecond, which is not given");
  }
  const { minProbability: min = 0, maxProbability: max = 1, initialProbability } = given;
  if (min > max) add("minProbability", "is greater than maxProbability");
  else if (
    initialProbability !== undefined &&
    (initialProbability < min || initialProbability > max)
  )
    add("initialProbability", "is not between minProbability and maxProbability");
}

/** How one service is sampled. */
export const serviceSampling: z.ZodType<ServiceSampling> = fields.superRefine((given, context) =>
  checkTogether(given, (key, message) =>
    context.addIssue({ code: "custom", path: [key], message }),
  ),
);

/** A default and services, as a file or a tenant's settings hold them. */
export interface SamplingRates {
  readonly default: ServiceSampling | undefined;
  readonly services: ReadonlyMap<string, ServiceSampling>;
}

export const noRates: SamplingRates = { default: undefined, services: new Map() };

/** One thing that is wrong with a document, and where: `["services", "cart", "probability"]`. */
export interface RatesProblem {
  readonly path: readonly string[];
  readonly message: string;
}

export type RatesResult =
  | { readonly rates: SamplingRates }
  /** At most twenty. */
  | { readonly problems: readonly RatesProblem[] };

/** Checks a document that was parsed from YAML or JSON; nothing at all counts as no rates. */
export function readRates(document: unknown): RatesResult {
  if (document === null || document === undefined) return { rates: noRates };
  const problems: RatesProblem[] = [];
  const say = (path: readonly string[], message: string): void => {
    if (problems.length < mostProblems) problems.push({ path, message });
  };
  const read = (path: readonly string[], value: unknown): ServiceSampling | undefined => {
    const result = serviceSampling.safeParse(value);
    if (result.success) return result.data;
    for (const issue of result.error.issues)
      say([...path, ...issue.path.map(String)], textOf(issue));
    return undefined;
  };
  const services = new Map<string, ServiceSampling>();
  let otherwise: ServiceSampling | undefined;
  for (const [key, value] of entries(document, [], say)) {
    if (key === "default") otherwise = read(["default"], value);
    else if (key !== "services") say([key], "is unknown; there are default and services");
    else readServices(entries(value, ["services"], say), services, read, say);
  }
  return problems.length > 0 ? { problems } : { rates: { default: otherwise, services } };
}

function readServices(
  given: readonly [string, unknown][],
  services: Map<string, ServiceSampling>,
  read: (path: readonly string[], value: unknown) => ServiceSampling | undefined,
  say: (path: readonly string[], message: string) => void,
): void {
  if (given.length > mostServices) say(["services"], `has more than ${mostServices} services`);
  for (const [service, value] of given) {
    if (service === "" || service.length > longestName)
      say(["services", service], "is no name of a service: 1 to 1024 characters");
    const sampling = read(["services", service], value);
    if (sampling !== undefined) services.set(service, sampling);
  }
}

/** Own entries, so that a service may have any name, `__proto__` too. */
function entries(
  value: unknown,
  path: readonly string[],
  say: (path: readonly string[], message: string) => void,
): [string, unknown][] {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return Object.entries(value);
  say(path, "must be a map");
  return [];
}

interface Issue {
  readonly code: string;
  readonly message: string;
  readonly keys?: readonly string[];
  readonly issues?: readonly { readonly message: string }[];
}

/** What is wrong in words; zod has its own for what no schema above says. */
export function textOf(issue: Issue): string {
  if (issue.code === "unrecognized_keys")
    return `has unknown keys: ${(issue.keys ?? []).join(", ").slice(0, 200)}`;
  if (issue.code === "invalid_key") return issue.issues?.[0]?.message ?? issue.message;
  return issue.message;
}
