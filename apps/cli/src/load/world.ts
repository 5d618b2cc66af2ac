// The company as the generator runs it: services with their pods, operations with span templates,
// all made once from the seed. The same seed gives the same world.

import { defined } from "@clew/base";
import { SpanKind } from "@clew/model";
import { entries, reindexAll, services } from "./delivery.ts";
import type { Operation } from "./operation.ts";
import { Random } from "./random.ts";
import { type Instance, makeInstance, platforms, scopeHeaders } from "./service.ts";
import { makeTemplate, Outcome, type SpanTemplate } from "./span-template.ts";

/** Scopes a service has; scope `s` of pod `p` has the buffer `p * SCOPES + s`. */
export const SCOPES = 3;

/** A service's pods: `firstInstance .. firstInstance + instanceCount` of the world's. */
export interface RunningService {
  readonly name: string;
  readonly firstInstance: number;
  readonly instanceCount: number;
  readonly scopes: readonly Uint8Array[];
  /** Clock resolution of start times and of durations, nanoseconds. */
  readonly startStep: number;
  readonly durationStep: number;
}

/** {@link Operation} in the form that the hot path reads. Probabilities are out of 2^32. */
export interface RunningOperation {
  readonly service: RunningService;
  readonly scope: number;
  readonly kind: number;
  readonly medianNano: number;
  readonly spread: number;
  readonly links: number;
  readonly changesBook: boolean;
  readonly failure: number;
  /** Templates by {@link Outcome}. */
  readonly templates: readonly (readonly SpanTemplate[])[];
  calls: readonly RunningCall[];
}

/** A call of an operation in the same form; `span` is the number of choices of its repetitions, delays are ns. */
export interface RunningCall {
  readonly target: RunningOperation;
  readonly probability: number;
  readonly least: number;
  readonly span: number;
  readonly parallel: boolean;
  readonly tolerated: boolean;
  readonly retried: boolean;
  readonly delayNano: number;
}

/** Everything that does not change during a run. */
export interface World {
  readonly services: readonly RunningService[];
  readonly serviceOfInstance: readonly RunningService[];
  readonly instances: readonly Instance[];
  readonly entries: readonly RunningOperation[];
  /** Cumulative weights of `entries`, out of 2^32. */
  readonly entryBounds: Float64Array;
  readonly giant: RunningOperation;
  readonly operationCount: number;
  readonly templateCount: number;
  /** Factors on medians: one table of 8192 lognormal draws for each spread. */
  readonly durationFactors: readonly Float64Array[];
}

const WORLD_STREAM = 0xffff_fffe;
const TEMPLATES = [64, 16, 16] as const;
const SIGMAS = [0.25, 0.5, 0.95];
/** Number of draws in a table of duration factors; a power of two. */
export const DURATION_DRAWS = 8192;

class Compiler {
  readonly random: Random;
  readonly running = new Map<Operation, RunningOperation>();
  readonly servicesByName = new Map<string, RunningService>();
  templateCount = 0;

  constructor(random: Random) {
    this.random = random;
  }

  operation(source: Operation): RunningOperation {
    const known = this.running.get(source);
    if (known !== undefined) return known;
    const made: RunningOperation = {
      service: defined(this.servicesByName.get(source.service.name), source.service.name),
      scope: source.scope,
      kind: source.kind,
      medianNano: source.medianUs * 1000,
      spread: source.spread,
      links: source.links,
      changesBook: source.changesBook,
      failure: Math.floor((source.failure?.probability ?? 0) * 4294967296),
      templates: [Outcome.Ok, Outcome.Failed, Outcome.CallFailed].map((outcome) =>
        this.#templates(source, outcome),
      ),
      calls: [],
    };
    this.running.set(source, made);
    made.calls = source.calls.map((call) => ({
      target: this.operation(call.target),
      probability: Math.floor(call.probability * 4294967296),
      least: call.times[0],
      span: call.times[1] - call.times[0] + 1,
      parallel: call.parallel,
      tolerated: call.tolerated,
      retried: call.retried,
      delayNano: call.delayUs * 1000,
    }));
    return made;
  }

  #templates(source: Operation, outcome: Outcome): SpanTemplate[] {
    const count = TEMPLATES[outcome];
    this.templateCount += count;
    return Array.from({ length: count }, () => makeTemplate(source, outcome, this.random));
  }
}

function bounds(weights: readonly number[]): Float64Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  return Float64Array.from(weights, (weight) => ((sum += weight) / total) * 4294967296);
}

function makeWorld(seed: number): World {
  const random = new Random(seed, WORLD_STREAM);
  const compiler = new Compiler(random);
  const instances: Instance[] = [];
  const serviceOfInstance: RunningService[] = [];
  const running = services.map((service) => {
    const [startStep, durationStep] = platforms[service.language].clock;
    const shape: RunningService = {
      name: service.name,
      firstInstance: instances.length,
      instanceCount: service.instances,
      scopes: scopeHeaders(service),
      startStep,
      durationStep,
    };
    for (let i = 0; i < service.instances; i++) {
      instances.push(makeInstance(service, i, random));
      serviceOfInstance.push(shape);
    }
    compiler.servicesByName.set(service.name, shape);
    return shape;
  });
  const runningEntries = entries.map(([entry]) => compiler.operation(entry));
  const giant = compiler.operation(reindexAll);
  const factors = SIGMAS.map((sigma) =>
    Float64Array.from({ length: DURATION_DRAWS }, () => Math.exp(sigma * random.normal())),
  );
  return {
    services: running,
    serviceOfInstance,
    instances,
    entries: runningEntries,
    entryBounds: bounds(entries.map(([, weight]) => weight)),
    giant,
    operationCount: compiler.running.size,
    templateCount: compiler.templateCount,
    durationFactors: factors,
  };
}

let latest: { readonly seed: number; readonly world: World } | undefined;

/** The world of `seed`; the last one made is kept. */
export function worldOf(seed: number): World {
  if (latest?.seed !== seed) latest = { seed, world: makeWorld(seed) };
  return latest.world;
}

/** True for kinds whose spans later batches may link to. */
export function isProducer(kind: number): boolean {
  return kind === SpanKind.Producer;
}
