// Part: rates of sampling that a backend says, in the format of Jaeger's remote sampling (`GET /sampling?service=x`:
// probabilistic, rateLimiting, perOperation), which Clew and Jaeger's collectors answer.

// Not the global ones, which test runners and DOM shims replace by such as know no `unref`.
import { clearInterval, setImmediate, setInterval } from "node:timers";
import type { Settings } from "../config/settings.ts";
import { RateLimit } from "../sample/rate-limit.ts";
import type { Candidate, Sampler } from "../sample/sampler.ts";
import { alwaysOn, probability } from "../sample/simple-samplers.ts";
import { SUPPRESSED, storage } from "../trace/context.ts";

const DEFAULT_POLL_MS = 60_000;
const TIMEOUT_MS = 5000;

interface Strategy {
  readonly probabilisticSampling?: { readonly samplingRate?: unknown };
  readonly rateLimitingSampling?: { readonly maxTracesPerSecond?: unknown };
  readonly operationSampling?: {
    readonly defaultSamplingProbability?: unknown;
    readonly perOperationStrategies?: readonly {
      readonly operation?: unknown;
      readonly probabilisticSampling?: { readonly samplingRate?: unknown };
    }[];
  };
}

function share(value: unknown): Sampler | undefined {
  if (typeof value !== "number" || !(value >= 0 && value <= 1)) return undefined;
  return value === 1 ? alwaysOn : probability(value);
}

/** The sampler that an answer asks for; `undefined` when it cannot be understood. */
export function samplerOfStrategy(strategy: Strategy): Sampler | undefined {
  const { operationSampling, rateLimitingSampling, probabilisticSampling } = strategy;
  if (operationSampling !== undefined) {
    const otherwise = share(operationSampling.defaultSamplingProbability) ?? alwaysOn;
    const byName = new Map<string, Sampler>();
    for (const {
      operation,
      probabilisticSampling: own,
    } of operationSampling.perOperationStrategies ?? []) {
      const sampler = share(own?.samplingRate);
      if (typeof operation === "string" && sampler !== undefined) byName.set(operation, sampler);
    }
    return {
      decide: (candidate) => (byName.get(candidate.name) ?? otherwise).decide(candidate),
      toString: () => `per_operation(${byName.size}, ${otherwise.toString()})`,
    };
  }
  const perSecond = rateLimitingSampling?.maxTracesPerSecond;
  if (typeof perSecond === "number" && perSecond >= 0) return new RateLimit(perSecond);
  return share(probabilisticSampling?.samplingRate);
}

/** Endpoint, interval and first share from OTEL_TRACES_SAMPLER_ARG, `endpoint=...,pollingIntervalMs=...,initialSamplingRate=...`. */
function readArgument(text: string): { url: string | undefined; pollMs: number; first: Sampler } {
  const pairs = new Map(
    text.split(",").map((part) => {
      const equals = part.indexOf("=");
      return [part.slice(0, equals).trim(), part.slice(equals + 1).trim()] as const;
    }),
  );
  const pollMs = Number(pairs.get("pollingIntervalMs"));
  return {
    url: pairs.get("endpoint"),
    pollMs: pollMs > 0 ? pollMs : DEFAULT_POLL_MS,
    first: share(Number(pairs.get("initialSamplingRate") ?? 1)) ?? alwaysOn,
  };
}

/** Where rates are asked for unless it is said: port 5778 of the machine that spans are sent to. */
function defaultUrl(settings: Settings): string {
  try {
    return `http://${new URL(settings.export.url).hostname}:5778/sampling`;
  } catch {
    return "http://localhost:5778/sampling";
  }
}

/** Asks for a service's rates and follows them. */
class RemoteSampler implements Sampler {
  readonly #url: string;
  readonly #complain: (text: string) => void;
  readonly #timer: NodeJS.Timeout;
  #answer = "";
  #sampler: Sampler;

  constructor(settings: Settings, complain: (text: string) => void) {
    const { url, pollMs, first } = readArgument(settings.samplerArgument);
    const service = encodeURIComponent(settings.service ?? "unknown_service:node");
    this.#url = `${url ?? defaultUrl(settings)}?service=${service}`;
    this.#complain = complain;
    this.#sampler = first;
    this.#timer = storage.run(SUPPRESSED, () => {
      setImmediate(() => void this.#poll()).unref();
      return setInterval(() => void this.#poll(), pollMs).unref();
    });
  }

  async #poll(): Promise<void> {
    try {
      const response = await fetch(this.#url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      const answer = await response.text();
      if (answer === this.#answer) return; // a rate limit goes on counting
      const sampler = response.ok ? samplerOfStrategy(JSON.parse(answer) as Strategy) : undefined;
      if (sampler === undefined) {
        this.#complain(`sampling rates of ${this.#url} cannot be understood; the last ones count`);
      } else {
        this.#answer = answer;
        this.#sampler = sampler;
      }
    } catch (error) {
      this.#complain(`sampling rates cannot be asked for at ${this.#url}: ${String(error)}`);
    }
  }

  decide(candidate: Candidate): number {
    return this.#sampler.decide(candidate);
  }

  toString(): string {
    return `remote(${this.#url}, ${this.#sampler.toString()})`;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** A sampler that follows the backend's rates. */
export function remoteSampler(settings: Settings, complain: (text: string) => void): Sampler {
  return new RemoteSampler(settings, complain);
}
