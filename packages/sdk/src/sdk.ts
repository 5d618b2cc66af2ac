// Starting and stopping the tracer. There is one in a process.

import { channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import { isMainThread } from "node:worker_threads";
import type { Context, Tracer, TracerProvider } from "@opentelemetry/api";
import { complain, setQuiet } from "./complaints.ts";
import type { StartOptions } from "./config/options.ts";
import { readSettings, type Settings } from "./config/settings.ts";
import { Core, type TracerStatistics } from "./core.ts";
import { watchExit } from "./deliver/exit.ts";
import { shareWithThreads } from "./deliver/threads.ts";
import { registerGlobals } from "./global.ts";
import type { Tracing } from "./instrument/instrumentation.ts";
import { hookReports } from "./instrument/patcher.ts";
import { startInstrumentations } from "./instrument/start.ts";
import { loadPart } from "./load-part.ts";
import type { createReporter } from "./parts/report.ts";
import { formatsOf } from "./propagation/formats.ts";
import { Propagation } from "./propagation/propagator.ts";
import { samplerOf } from "./sample/configured.ts";
import { activeContext, SUPPRESSED, storage } from "./trace/context.ts";
import { Scope } from "./trace/scope.ts";
import { ClewTracer } from "./trace/tracer.ts";
import type { TracerReport } from "./tracer-report.ts";

const FLUSH_MS = 30_000;
const GIVE_WAY_MS = 1000;

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** A running tracer. */
export class Sdk implements TracerProvider, Tracing {
  readonly settings: Settings;
  readonly propagation: Propagation;
  readonly #core: Core;
  readonly #tracers = new Map<string, ClewTracer>();
  /** Those without a version, such as our own, which are asked for with each span. */
  readonly #byName = new Map<string, ClewTracer>();
  readonly #stops: (() => void)[] = [];

  constructor(options: StartOptions) {
    this.settings = readSettings(options, process.env);
    setQuiet(["none", "error"].includes(this.settings.logLevel));
    for (const complaint of this.settings.complaints) complain(complaint);
    this.propagation = new Propagation(formatsOf(this.settings.propagators, complain));
    const sampler = samplerOf(options, this.settings, complain);
    const reporter = reporterOf(this.settings, options);
    const observers = options.observers ?? [];
    const all = reporter === undefined ? observers : [...observers, reporter];
    this.#core = new Core(this.settings, sampler, all);
    this.#stops.push(() => {
      sampler.stop?.();
      this.#core.stop();
    });
    try {
      this.#begin(options, reporter);
    } catch (error) {
      this.#stopAll();
      throw error;
    }
  }

  #begin(options: StartOptions, reporter: ReturnType<typeof reporterOf>): void {
    this.#stops.push(takeOver(() => this.#giveWay()));
    if (options.global !== false) this.#stops.push(registerGlobals(this, this.propagation));
    if (this.settings.export.enabled) {
      this.#stops.push(watchExit(this.#core, isMainThread));
      this.#stops.push(shareWithThreads(this.#core, this.settings.export));
    }
    this.#stops.push(startInstrumentations(this, options.instrumentations ?? []));
    if (reporter !== undefined) this.#beginReport(reporter);
  }

  #beginReport(reporter: ReturnType<typeof createReporter>): void {
    storage.run(SUPPRESSED, () => {
      this.#stops.push(reporter.begin(this.settings.reportFolder ?? "", () => this.report()));
    });
    // A signal ends the process without the event `exit`.
    this.#core.afterSpill = () => reporter.write();
  }

  getTracer(name: string, version?: string): Tracer {
    return this.tracer(name, version);
  }

  tracer(givenName: string, givenVersion?: string): ClewTracer {
    if (givenVersion !== undefined) return this.#tracer(givenName, givenVersion);
    let tracer = this.#byName.get(givenName);
    if (tracer === undefined) {
      tracer = this.#tracer(givenName, undefined);
      this.#byName.set(givenName, tracer);
    }
    return tracer;
  }

  #tracer(givenName: string, givenVersion: string | undefined): ClewTracer {
    // Programs without types pass what they have, such as an environment variable that is not set.
    const [name, version] = [textOf(givenName), textOf(givenVersion)];
    const key = `${name}@${version}`;
    let tracer = this.#tracers.get(key);
    if (tracer === undefined) {
      tracer = new ClewTracer(this.#core, new Scope(name, version, this.#core));
      this.#tracers.set(key, tracer);
    }
    return tracer;
  }

  run<T>(context: Context, fn: () => T): T {
    return storage.run(context, fn);
  }

  active(): Context {
    return activeContext();
  }

  inject(context: Context, set: (name: string, value: string) => void): void {
    this.propagation.injectHeaders(context, set);
  }

  extract(get: (name: string) => string | undefined, names?: () => Iterable<string>): Context {
    return this.propagation.extractHeaders(get, names);
  }

  /** Sends all ended spans; resolves to whether everything arrived within `ms` milliseconds. */
  flush(ms: number = FLUSH_MS): Promise<boolean> {
    return this.#core.flush(ms);
  }

  /** What is traced and how, for the doctor. */
  report(): TracerReport {
    return {
      settings: this.settings,
      sampler: this.#core.sampler.toString(),
      modules: hookReports(),
      statistics: this.statistics(),
    };
  }

  statistics(): TracerStatistics {
    return this.#core.statistics();
  }

  /** OpenTelemetry's name for `flush`. */
  async forceFlush(): Promise<void> {
    await this.flush();
  }

  /** From now on spans go to the receiver at `endpoint`, a base URL; to none when it is undefined. For test kits. */
  sendTo(endpoint: string | undefined): void {
    this.#core.sendTo(endpoint === undefined ? undefined : `${endpoint}/v1/traces`);
  }

  #stopAll(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** Another tracer begins in this process, where we did not know of each other. */
  #giveWay(): void {
    if (place[CURRENT] === this) place[CURRENT] = undefined;
    this.#stopAll();
    void this.flush(GIVE_WAY_MS);
  }

  /** Sends what is left, takes the instrumentations out and lets go of the process. */
  async shutdown(): Promise<void> {
    if (place[CURRENT] === this) place[CURRENT] = undefined;
    await this.flush();
    this.#stopAll();
  }
}

const BEGINS = "clew.sdk.begins";

/**
 * Test runners give each file globals of its own, on the same Node: the tracer of the file before has to go, or
 * both trace the same requests. Returns what ends the wait for a further one.
 */
function takeOver(giveWay: () => void): () => void {
  channel(BEGINS).publish({});
  subscribe(BEGINS, giveWay);
  return () => unsubscribe(BEGINS, giveWay);
}

function reporterOf(settings: Settings, options: StartOptions) {
  if (settings.reportFolder === undefined) return undefined;
  return (loadPart("report") as typeof import("./parts/report.ts")).createReporter(options);
}

/** Shared by all copies of this package: a program may have one in its bundle and another that is registered. */
const place = globalThis as { [key: symbol]: unknown };
const CURRENT: symbol = Symbol.for("clew.sdk.1");

/** Starts the tracer of this process; a second call gives the running one. `undefined` when disabled. */
export function start(options: StartOptions = {}): Sdk | undefined {
  const before = running();
  if (before !== undefined) return before;
  const disabled = process.env["OTEL_SDK_DISABLED"]?.trim().toLowerCase();
  if (disabled === "true" || disabled === "1") return undefined;
  try {
    place[CURRENT] = new Sdk(options);
  } catch (error) {
    // Tracing must never be why a service does not start.
    complain(`the tracer did not start: ${error instanceof Error ? error.stack : String(error)}`);
  }
  return running();
}

/** The running tracer. */
export function running(): Sdk | undefined {
  return place[CURRENT] as Sdk | undefined;
}
