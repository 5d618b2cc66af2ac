// Sampling rules by name, route or attribute: the first that fits decides.

import { RateLimit } from "./rate-limit.ts";
import type { Candidate, Sampler } from "./sampler.ts";
import { probability } from "./simple-samplers.ts";

/** One rule. All conditions that it has must fit; `*` in a text stands for anything. */
export interface SamplingRule {
  /** Name of the span. */
  readonly name?: string;
  /** Path of a server's request, or its route. */
  readonly route?: string;
  /** Attributes known when the span begins. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Share of the traces to keep, 0 to 1. */
  readonly share?: number;
  /** Most traces to keep a second, in place of `share`. */
  readonly perSecond?: number;
}

interface CheckedRule {
  readonly fits: (candidate: Candidate) => boolean;
  readonly sampler: Sampler;
}

/** A test for texts with `*` as a wildcard. */
export function wildcard(pattern: string): (text: string) => boolean {
  if (!pattern.includes("*")) return (text) => text === pattern;
  const escaped = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const expression = new RegExp(`^${escaped.join(".*")}$`, "s");
  return (text) => expression.test(text);
}

function checkRule(rule: SamplingRule): CheckedRule {
  const conditions: ((candidate: Candidate) => boolean)[] = [];
  if (rule.name !== undefined) {
    const name = wildcard(rule.name);
    conditions.push((candidate) => name(candidate.name));
  }
  if (rule.route !== undefined) {
    const route = wildcard(rule.route);
    conditions.push((candidate) => {
      const { "http.route": known, "url.path": path } = candidate.attributes();
      const text = known ?? path;
      return typeof text === "string" && route(text);
    });
  }
  for (const [key, text] of Object.entries(rule.attributes ?? {})) {
    const value = wildcard(text);
    conditions.push((candidate) => {
      const found = candidate.attributes()[key];
      return found !== undefined && found !== null && value(found as string);
    });
  }
  const sampler =
    rule.perSecond === undefined ? probability(rule.share ?? 1) : new RateLimit(rule.perSecond);
  return { fits: (candidate) => conditions.every((fits) => fits(candidate)), sampler };
}

/** A sampler that follows the first rule that fits, and `otherwise` where none does. */
export function ruleSampler(rules: readonly SamplingRule[], otherwise: Sampler): Sampler {
  const checked = rules.map(checkRule);
  return {
    decide(candidate) {
      for (const { fits, sampler } of checked) {
        if (fits(candidate)) return sampler.decide(candidate);
      }
      return otherwise.decide(candidate);
    },
    toString: () => `rules(${rules.length}, ${otherwise.toString()})`,
    stop: () => otherwise.stop?.(),
  };
}
