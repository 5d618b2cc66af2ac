// Samplers that need no memory: all, none, a share of all.

import { type Candidate, DROP, type Sampler, thresholdOf } from "./sampler.ts";

/** Keeps everything. */
export const alwaysOn: Sampler = { decide: () => 0, toString: () => "always_on" };

/** Keeps nothing. */
export const alwaysOff: Sampler = { decide: () => DROP, toString: () => "always_off" };

/** Keeps a share (0 to 1) of all traces, the same ones in every service. */
export function probability(share: number): Sampler {
  const threshold = thresholdOf(share);
  return {
    decide: (candidate: Candidate) =>
      threshold >= 0 && candidate.randomness() >= threshold ? threshold : DROP,
    toString: () => `probability(${share})`,
  };
}
