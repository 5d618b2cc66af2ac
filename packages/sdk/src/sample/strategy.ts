// Answers in the format of Jaeger's remote sampling as samplers. Fields that are not used may be null.

import { perOperation } from "./per-operation.ts";
import { RateLimit } from "./rate-limit.ts";
import type { Sampler } from "./sampler.ts";
import { alwaysOn, probability } from "./simple-samplers.ts";

/** A share of all traces; `undefined` for what is none. */
export function share(value: unknown): Sampler | undefined {
  if (typeof value !== "number" || !(value >= 0 && value <= 1)) return undefined;
  return value === 1 ? alwaysOn : probability(value);
}

/** The value of a field, if `value` is an object that has it. */
function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function shareIn(value: unknown): Sampler | undefined {
  return share(field(field(value, "probabilisticSampling"), "samplingRate"));
}

/** The sampler that an answer asks for; `undefined` when it cannot be understood. */
export function samplerOfStrategy(strategy: unknown): Sampler | undefined {
  const whole = shareIn(strategy);
  const ofOperations = field(strategy, "operationSampling") ?? undefined;
  if (ofOperations !== undefined) {
    const otherwise = share(field(ofOperations, "defaultSamplingProbability")) ?? whole ?? alwaysOn;
    const listed = field(ofOperations, "perOperationStrategies");
    const samplers = new Map<string, Sampler>();
    for (const each of Array.isArray(listed) ? listed : []) {
      const [name, sampler] = [field(each, "operation"), shareIn(each)];
      if (typeof name === "string" && sampler !== undefined) samplers.set(name, sampler);
    }
    return samplers.size === 0 ? otherwise : perOperation(samplers, otherwise);
  }
  const perSecond = field(field(strategy, "rateLimitingSampling"), "maxTracesPerSecond");
  if (typeof perSecond === "number" && perSecond >= 0) return new RateLimit(perSecond);
  return whole;
}
