// The sampler that options and environment ask for.

import type { StartOptions } from "../config/options.ts";
import type { Settings } from "../config/settings.ts";
import { loadPart } from "../load-part.ts";
import { ParentBased } from "./parent-based.ts";
import { RateLimit } from "./rate-limit.ts";
import { ruleSampler, type SamplingRule } from "./rules.ts";
import type { Sampler } from "./sampler.ts";
import { alwaysOff, alwaysOn, probability } from "./simple-samplers.ts";

type Complain = (text: string) => void;

function share(text: string, complain: Complain): number {
  const value = text === "" ? 1 : Number(text);
  if (value >= 0 && value <= 1) return value;
  complain(`OTEL_TRACES_SAMPLER_ARG=${text} is no share between 0 and 1; 1 is used`);
  return 1;
}

function rate(text: string, complain: Complain): number {
  const value = Number(text);
  if (text !== "" && value >= 0) return value;
  complain(`OTEL_TRACES_SAMPLER_ARG=${text} is no number of traces a second; 100 is used`);
  return 100;
}

function remote(settings: Settings, complain: Complain): Sampler {
  const part = loadPart("remote-sampling") as typeof import("../parts/remote-sampling.ts");
  return part.remoteSampler(settings, complain);
}

function rootSampler(name: string, settings: Settings, complain: Complain): Sampler | undefined {
  const argument = settings.samplerArgument;
  switch (name) {
    case "always_on":
      return alwaysOn;
    case "always_off":
      return alwaysOff;
    case "traceidratio":
    case "probability":
      return probability(share(argument, complain));
    case "rate_limited":
      return new RateLimit(rate(argument, complain));
    case "remote":
    case "jaeger_remote":
      return remote(settings, complain);
    default:
      return undefined;
  }
}

function rulesOf(text: string, complain: Complain): readonly SamplingRule[] {
  if (text === "") return [];
  try {
    const rules: unknown = JSON.parse(text);
    if (Array.isArray(rules)) return rules as SamplingRule[];
  } catch {
    // Said below.
  }
  complain("CLEW_SDK_SAMPLING_RULES is no JSON list of rules; it is ignored");
  return [];
}

function givenSampler(
  given: NonNullable<StartOptions["sampler"]>,
  settings: Settings,
  complain: Complain,
): Sampler {
  if (given === "remote") return remote(settings, complain);
  if (typeof given !== "number") return given;
  return given >= 1 ? alwaysOn : probability(given);
}

/** The sampler for all spans that begin a trace in this process. */
export function samplerOf(options: StartOptions, settings: Settings, complain: Complain): Sampler {
  const rules = options.rules ?? rulesOf(settings.rules, complain);
  const withRules = (root: Sampler) => (rules.length === 0 ? root : ruleSampler(rules, root));
  if (options.sampler !== undefined) {
    return new ParentBased(withRules(givenSampler(options.sampler, settings, complain)));
  }
  // `remote` is ours: the rates are for traces that begin here, as with `sampler: "remote"`.
  const followed = /^parentbased_|^remote$/.test(settings.samplerName);
  const name = settings.samplerName.replace(/^parentbased_/, "");
  const root = rootSampler(name, settings, complain);
  if (root === undefined) complain(`sampler ${settings.samplerName} is unknown; all is kept`);
  const sampler = withRules(root ?? alwaysOn);
  return followed || root === undefined ? new ParentBased(sampler) : sampler;
}
