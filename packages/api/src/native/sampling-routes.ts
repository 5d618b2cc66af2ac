// Rates of sampling in the native API: what each service's tracers are told and what is seen of it, and the setting of it.

import { ClewError, nameOfSegment } from "@clew/base";
import type { SamplingOverview, SamplingSource, SamplingStatus } from "@clew/model";
import { z } from "zod";
import { serviceSampling } from "../sampling/rates.ts";
import type { Sampling } from "../sampling/sampling.ts";
import { nameParameter } from "./parameters.ts";
import {
  type Call,
  json,
  type NativeApiOptions,
  none,
  questionErrors,
  type Route,
  route,
} from "./route.ts";

const longestService = 1024;

const source: z.ZodType<SamplingSource> = z
  .enum(["api", "file", "api default", "file default", "built in"])
  .describe("Who said so, of this service or of all that nothing is said about.");

const status: z.ZodType<SamplingStatus> = z.strictObject({
  service: z.string(),
  source,
  sampling: serviceSampling,
  probability: z
    .number()
    .min(0)
    .max(1)
    .exactOptional()
    .describe("What tracers are told now; absent for a rate limit, which is theirs to keep."),
  operations: z
    .array(z.strictObject({ operation: z.string(), probability: z.number().min(0).max(1) }))
    .readonly()
    .describe("Operations that are told something else, at most a thousand."),
  seen: z
    .strictObject({ madePerSecond: z.number().min(0), keptPerSecond: z.number().min(0) })
    .exactOptional()
    .describe(
      "Requests a second over the last one to two minutes: made, going by adjusted counts, and kept. Absent when nothing arrived.",
    ),
  askedUnixNano: z
    .string()
    .regex(/^\d+$/)
    .exactOptional()
    .describe("When a tracer of the service last asked; absent if none has since Clew started."),
});

const overview: z.ZodType<SamplingOverview> = z.strictObject({
  default: z.strictObject({ source, sampling: serviceSampling }),
  services: z
    .array(status)
    .readonly()
    .describe("Up to a thousand services: those at work come before those only written down."),
  fileError: z
    .string()
    .exactOptional()
    .describe("What is wrong with the file of rates; its last good version counts."),
});

const service = z.strictObject({
  service: nameParameter("`service.name`; `.` and `..` are written `~.` and `~..`.").refine(
    (name) => name.length <= longestService,
    `has more than ${longestService} characters`,
  ),
});

function rates(options: NativeApiOptions): Sampling {
  if (options.sampling !== undefined) return options.sampling;
  throw new ClewError("unimplemented", "no rates of sampling are served here");
}

type ServiceCall = Pick<
  Call<{ service: string }, unknown>,
  "options" | "tenant" | "path" | "signal"
>;

async function statusOf({ options, tenant, path, signal }: ServiceCall): Promise<SamplingStatus> {
  return rates(options).status(tenant, nameOfSegment(path.service), signal);
}

/** All routes of sampling. */
export const samplingRoutes: readonly Route[] = [
  route({
    operationId: "getSampling",
    path: "/sampling",
    summary:
      "How traces are sampled: the default, and each service with its true and its kept rate.",
    parameters: none,
    query: none,
    answers: json("The rates.", overview),
    errors: questionErrors,
    handle: ({ options, tenant, signal }) => rates(options).overview(tenant, signal),
  }),
  route({
    operationId: "putSamplingDefault",
    method: "PUT",
    path: "/sampling",
    summary: "Sets how services are sampled that nothing is said about.",
    parameters: none,
    query: none,
    body: serviceSampling,
    answers: json("The rates.", overview),
    errors: questionErrors,
    handle: async ({ options, tenant, body, signal }) => {
      await rates(options).set(tenant, undefined, body);
      return rates(options).overview(tenant, signal);
    },
  }),
  route({
    operationId: "deleteSamplingDefault",
    method: "DELETE",
    path: "/sampling",
    summary: "Takes back what was set for services that nothing is said about.",
    parameters: none,
    query: none,
    answers: json("The rates.", overview),
    errors: questionErrors,
    handle: async ({ options, tenant, signal }) => {
      await rates(options).set(tenant, undefined);
      return rates(options).overview(tenant, signal);
    },
  }),
  route({
    operationId: "getServiceSampling",
    path: "/sampling/:service",
    summary: "How a service is sampled, with its true and its kept rate.",
    parameters: service,
    query: none,
    answers: json("The service's rates.", status),
    errors: questionErrors,
    handle: statusOf,
  }),
  route({
    operationId: "putServiceSampling",
    method: "PUT",
    path: "/sampling/:service",
    summary: "Sets how a service is sampled. It counts before what the file says.",
    parameters: service,
    query: none,
    body: serviceSampling,
    answers: json("The service's rates.", status),
    errors: questionErrors,
    handle: async (call) => {
      await rates(call.options).set(call.tenant, nameOfSegment(call.path.service), call.body);
      return statusOf(call);
    },
  }),
  route({
    operationId: "deleteServiceSampling",
    method: "DELETE",
    path: "/sampling/:service",
    summary: "Takes back what was set for a service: the file's rate counts again, or the default.",
    parameters: service,
    query: none,
    answers: json("The service's rates.", status),
    errors: questionErrors,
    handle: async (call) => {
      await rates(call.options).set(call.tenant, nameOfSegment(call.path.service));
      return statusOf(call);
    },
  }),
];
