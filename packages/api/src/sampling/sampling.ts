// Rates of sampling as the tracers are told them: what operators said through the API and in the file, and what
// adaptive sampling makes of it. Answers are made once and kept until something changes, for tracers ask often.

import { ClewError } from "@clew/base";
import { encodeSamplingStrategy, encodeSamplingStrategyJson } from "@clew/codec";
import type {
  SampledRate,
  SamplingOverview,
  SamplingSource,
  SamplingStatus,
  SamplingStrategy,
  ServiceSampling,
} from "@clew/model";
import type { RedSeriesReader } from "@clew/storage";
import { madePerSecond } from "./adaptive.ts";
import { readWindow, TenantAdaptiveRates, windowAt } from "./adaptive-rates.ts";
import { AskedServices } from "./asked-services.ts";
import { noRates, type SamplingRates } from "./rates.ts";

/** A service that has not asked for so long does not follow its rates. */
const followsMs = 10 * 60_000;
const mostAnswers = 20_000;
const mostTenants = 1000;
const mostServicesOfTenant = 10_000;
const mostListed = 1000;
const mostListedOperations = 1000;
const everything: ServiceSampling = {};
const encoder = new TextEncoder();

/** What was said through the API, by tenant. */
export type TenantRates = ReadonlyMap<string, SamplingRates>;

export interface SamplingOptions {
  /** Asked when rates are computed or shown; may raise `unavailable`. */
  readonly reader: () => RedSeriesReader;
  /** Said through the API before. */
  readonly stored: TenantRates;
  /** Makes what is said through the API durable; the change counts when it resolves. */
  readonly store: (rates: TenantRates) => Promise<void>;
  /** Told after every change, so that copies of answers can be dropped. */
  readonly onChange: () => void;
  /** Milliseconds since 1970. For tests. */
  readonly now?: () => number;
}

/** An answer in both of its forms. */
export interface SamplingAnswer {
  readonly json: Uint8Array;
  readonly protobuf: Uint8Array;
}

interface Said {
  readonly source: SamplingSource;
  readonly sampling: ServiceSampling;
}

export class Sampling {
  readonly #options: SamplingOptions;
  readonly #now: () => number;
  readonly #asked = new AskedServices();
  readonly #adaptive = new Map<string, TenantAdaptiveRates>();
  readonly #answers = new Map<string, SamplingAnswer>();
  #stored: TenantRates;
  #file: SamplingRates = noRates;
  #fileError: string | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: SamplingOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#stored = options.stored;
  }

  /** What a tracer of `service` is told. Notes that it has asked. */
  answer(tenant: string, service: string): SamplingAnswer {
    this.#asked.note(tenant, service, this.#now());
    const { source, sampling } = this.#said(tenant, service);
    // Most services share the answer of the default, and anybody can make up names.
    const isOwn = source === "api" || source === "file" || sampling.targetPerSecond !== undefined;
    const key = isOwn ? `${tenant}\n${service}` : tenant;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = encode(this.#strategy(tenant, service, sampling));
    if (this.#answers.size >= mostAnswers) this.#answers.clear();
    this.#answers.set(key, answer);
    return answer;
  }

  /** Takes the rates of the file, or what is wrong with it; then the last good ones count. */
  useFile(file: { readonly rates: SamplingRates } | { readonly error: string }): void {
    if ("error" in file) {
      this.#fileError = file.error;
      return;
    }
    this.#file = file.rates;
    this.#fileError = undefined;
    this.#changed();
  }

  /** Sets or (`sampling` undefined) removes what is said of a service, or of all that nothing is said about. */
  set(tenant: string, service: string | undefined, sampling?: ServiceSampling): Promise<void> {
    const saving = this.#saving.then(async () => {
      const next = withChange(this.#stored, tenant, service, sampling);
      await this.#options.store(next);
      this.#stored = next;
      this.#changed();
    });
    this.#saving = saving.catch(() => undefined);
    return saving;
  }

  async overview(tenant: string, signal?: AbortSignal): Promise<SamplingOverview> {
    const seen = await this.#seen(tenant, signal);
    const said = [this.#stored.get(tenant) ?? noRates, this.#file].flatMap(({ services }) => [
      ...services.keys(),
    ]);
    // What is at work comes before what is only written down.
    const names = new Set([...seen.keys(), ...this.#asked.since(tenant, 0), ...said]);
    const listed = [...names].slice(0, mostListed).toSorted();
    return {
      default: this.#default(tenant),
      services: listed.map((service) => this.#statusOf(tenant, service, seen.get(service))),
      ...(this.#fileError === undefined ? {} : { fileError: this.#fileError }),
    };
  }

  async status(tenant: string, service: string, signal?: AbortSignal): Promise<SamplingStatus> {
    const seen = await this.#seen(tenant, signal);
    return this.#statusOf(tenant, service, seen.get(service));
  }

  /** Computes the probabilities of adaptive services anew. Rejects when the store does not answer; they stay then. */
  async compute(): Promise<void> {
    const nowMs = this.#now();
    for (const tenant of new Set([...this.#asked.tenants(), ...this.#adaptive.keys()])) {
      const services = new Map<string, ServiceSampling>();
      for (const service of this.#asked.since(tenant, nowMs - followsMs)) {
        const { sampling } = this.#said(tenant, service);
        if (sampling.targetPerSecond !== undefined) services.set(service, sampling);
      }
      if (services.size === 0) {
        this.#adaptive.delete(tenant);
        continue;
      }
      const rates = this.#adaptive.get(tenant) ?? new TenantAdaptiveRates();
      this.#adaptive.set(tenant, rates);
      await rates.compute(this.#options.reader(), tenant, services, nowMs);
      this.#changed();
    }
  }

  #changed(): void {
    this.#answers.clear();
    this.#options.onChange();
  }

  #default(tenant: string): Said {
    const own = this.#stored.get(tenant)?.default;
    if (own !== undefined) return { source: "api default", sampling: own };
    if (this.#file.default !== undefined)
      return { source: "file default", sampling: this.#file.default };
    return { source: "built in", sampling: everything };
  }

  #said(tenant: string, service: string): Said {
    const own = this.#stored.get(tenant)?.services.get(service);
    if (own !== undefined) return { source: "api", sampling: own };
    const filed = this.#file.services.get(service);
    return filed === undefined ? this.#default(tenant) : { source: "file", sampling: filed };
  }

  #strategy(tenant: string, service: string, sampling: ServiceSampling): SamplingStrategy {
    const { tracesPerSecond, targetPerSecond, probability = 1 } = sampling;
    if (tracesPerSecond !== undefined) return { tracesPerSecond };
    const given = Object.entries(sampling.operations ?? {});
    if (targetPerSecond === undefined) return { probability, operations: new Map(given) };
    const rates = (this.#adaptive.get(tenant) ?? new TenantAdaptiveRates()).of(service, sampling);
    return { ...rates, operations: new Map([...rates.operations, ...given]) };
  }

  async #seen(tenant: string, signal?: AbortSignal): Promise<ReadonlyMap<string, SampledRate>> {
    const window = windowAt(this.#now());
    const seconds = (window.endMs - window.startMs) / 1000;
    const rows = await readWindow(this.#options.reader(), tenant, undefined, window, signal);
    return new Map(
      rows.map(({ name, spans, weight }) => {
        const made = madePerSecond({ spans, weight, seconds }, 1);
        return [name, { madePerSecond: made, keptPerSecond: spans / seconds }];
      }),
    );
  }

  #statusOf(tenant: string, service: string, seen: SampledRate | undefined): SamplingStatus {
    const said = this.#said(tenant, service);
    const strategy = this.#strategy(tenant, service, said.sampling);
    const asked = this.#asked.lastMs(tenant, service);
    const operations = "operations" in strategy ? [...strategy.operations] : [];
    return {
      service,
      ...said,
      ...("probability" in strategy ? { probability: strategy.probability } : {}),
      operations: operations
        .slice(0, mostListedOperations)
        .map(([operation, probability]) => ({ operation, probability })),
      ...(seen === undefined ? {} : { seen }),
      ...(asked === undefined ? {} : { askedUnixNano: String(BigInt(asked) * 1_000_000n) }),
    };
  }
}

function encode(strategy: SamplingStrategy): SamplingAnswer {
  return {
    // No Buffer: it would travel to other threads together with the pool that it lies in.
    json: encoder.encode(encodeSamplingStrategyJson(strategy)),
    protobuf: encodeSamplingStrategy(strategy),
  };
}

function withChange(
  rates: TenantRates,
  tenant: string,
  service: string | undefined,
  sampling: ServiceSampling | undefined,
): TenantRates {
  const before = rates.get(tenant) ?? noRates;
  const services = new Map(before.services);
  if (service !== undefined) services.delete(service);
  if (service !== undefined && sampling !== undefined) services.set(service, sampling);
  const after = { default: service === undefined ? sampling : before.default, services };
  const next = new Map(rates);
  next.delete(tenant);
  if (after.default !== undefined || services.size > 0) next.set(tenant, after);
  if (next.size > mostTenants || services.size > mostServicesOfTenant) {
    throw new ClewError("limit_exceeded", `rates of more than ${mostServicesOfTenant} services`, {
      hint: "write them into a file (samplingFile), or set a default",
    });
  }
  return next;
}
