// Adaptive probabilities of the services that ask for theirs: kept here, computed anew from the rollups now and then.

import type { ServiceSampling } from "@clew/model";
import type { Throughput as Arrived, RedSeriesReader } from "@clew/storage";
import { boundsOf, nextProbability, type Throughput } from "./adaptive.ts";

/** Rollups follow their spans by up to three seconds, and tracers send after one. */
const lagMs = 4000;
const minuteMs = 60_000;
/** About half of the time between two questions of a tracer: spans are made with the rate told so long before. */
const followMs = 30_000;
const rememberedMs = 5 * minuteMs;
const mostServices = 20_000;
const mostOperations = 1000;

/** A window of whole minutes up to now. */
export interface RateWindow {
  readonly startMs: number;
  readonly endMs: number;
}

/** The last one to two minutes, up to what has surely arrived. */
export function windowAt(nowMs: number): RateWindow {
  const endMs = nowMs - lagMs;
  return { startMs: Math.floor((endMs - minuteMs) / minuteMs) * minuteMs, endMs };
}

/** What arrived of the services of a tenant, or of the operations of one of them. */
export function readWindow(
  reader: RedSeriesReader,
  tenant: string,
  service: string | undefined,
  window: RateWindow,
  signal?: AbortSignal,
): Promise<readonly Arrived[]> {
  const range = {
    startNano: BigInt(window.startMs) * 1_000_000n,
    endNano: BigInt(window.endMs) * 1_000_000n,
  };
  const limit = service === undefined ? mostServices : mostOperations;
  const of = service === undefined ? {} : { service };
  return reader.throughput({ tenant, range, limit, ...of }, signal);
}

/** One probability and those told before. */
class Followed {
  readonly #told: { atMs: number; probability: number }[] = [];

  get current(): number | undefined {
    return this.#told.at(-1)?.probability;
  }

  /** The one told when spans in the middle of `window` were made. */
  inForce({ startMs, endMs }: RateWindow, initial: number): number {
    const atMs = (startMs + endMs) / 2 - followMs;
    const known = this.#told.findLast((one) => one.atMs <= atMs) ?? this.#told[0];
    return known?.probability ?? initial;
  }

  tell(atMs: number, probability: number): void {
    if (probability !== this.current) this.#told.push({ atMs, probability });
    while (this.#told.length > 1 && (this.#told[1]?.atMs ?? atMs) < atMs - rememberedMs)
      this.#told.shift();
  }
}

interface State {
  readonly whole: Followed;
  readonly operations: Map<string, Followed>;
}

/** What an adaptive service is told. */
export interface AdaptiveRates {
  readonly probability: number;
  readonly operations: ReadonlyMap<string, number>;
}

/** The adaptive services of one tenant. */
export class TenantAdaptiveRates {
  readonly #states = new Map<string, State>();

  of(service: string, sampling: ServiceSampling): AdaptiveRates {
    const state = this.#states.get(service);
    const operations = new Map<string, number>();
    for (const [name, { current }] of state?.operations ?? [])
      if (current !== undefined) operations.set(name, current);
    return { probability: state?.whole.current ?? boundsOf(sampling).initial, operations };
  }

  /** Computes the probabilities of `services` anew and forgets all others. */
  async compute(
    reader: RedSeriesReader,
    tenant: string,
    services: ReadonlyMap<string, ServiceSampling>,
    nowMs: number,
  ): Promise<void> {
    const window = windowAt(nowMs);
    const arrived = byName(await readWindow(reader, tenant, undefined, window), window);
    for (const service of this.#states.keys())
      if (!services.has(service)) this.#states.delete(service);
    for (const [service, sampling] of services) {
      const state = this.#states.get(service) ?? { whole: new Followed(), operations: new Map() };
      this.#states.set(service, state);
      step(state.whole, sampling, arrived.get(service), window, nowMs);
      if (sampling.perOperation === true) {
        const own = byName(await readWindow(reader, tenant, service, window), window);
        stepOperations(state.operations, sampling, own, window, nowMs);
      } else state.operations.clear();
    }
  }
}

function byName(rows: readonly Arrived[], { startMs, endMs }: RateWindow): Map<string, Throughput> {
  const seconds = (endMs - startMs) / 1000;
  return new Map(rows.map(({ name, spans, weight }) => [name, { spans, weight, seconds }]));
}

function step(
  followed: Followed,
  sampling: ServiceSampling,
  seen: Throughput | undefined,
  window: RateWindow,
  nowMs: number,
): void {
  const inForce = followed.inForce(window, boundsOf(sampling).initial);
  followed.tell(nowMs, nextProbability(sampling, followed.current, seen, inForce));
}

function stepOperations(
  operations: Map<string, Followed>,
  sampling: ServiceSampling,
  seen: ReadonlyMap<string, Throughput>,
  window: RateWindow,
  nowMs: number,
): void {
  const { initial } = boundsOf(sampling);
  for (const name of new Set([...operations.keys(), ...seen.keys()])) {
    const followed = operations.get(name) ?? new Followed();
    operations.set(name, followed);
    step(followed, sampling, seen.get(name), window, nowMs);
    // Names come and go: one that is not seen any more and is back at the start need not be kept.
    if (!seen.has(name) && followed.current === initial) operations.delete(name);
  }
}
