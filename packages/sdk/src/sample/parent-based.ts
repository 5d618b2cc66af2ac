// Follows the decision of the caller, and asks another sampler where there is none.

import { type Candidate, DROP, KEEP, type Sampler } from "./sampler.ts";

/** A sampler that keeps what the caller kept. */
export class ParentBased implements Sampler {
  readonly root: Sampler;

  constructor(root: Sampler) {
    this.root = root;
  }

  decide(candidate: Candidate): number {
    const sampled = candidate.parentSampled;
    if (sampled === undefined) return this.root.decide(candidate);
    return sampled ? KEEP : DROP;
  }

  toString(): string {
    return `parentbased(${this.root.toString()})`;
  }

  stop(): void {
    this.root.stop?.();
  }
}
