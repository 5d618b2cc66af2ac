// Part: what the tracer says about itself, written to a folder for `clew doctor` (`CLEW_SDK_REPORT=<folder>`): at the
// start, twice a second while something changes, and at the end. One file for each thread and copy of the tracer.

import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import * as nodeModule from "node:module";
import { join } from "node:path";
import { clearInterval, setInterval } from "node:timers";
import { fileURLToPath } from "node:url";
import { threadId } from "node:worker_threads";
import { complaintsSaid } from "../complaints.ts";
import type { SpanObserver, StartOptions } from "../config/options.ts";
import { type SettingOrigin, settingOrigins } from "../config/origins.ts";
import { HOOKS } from "../instrument/hooks.ts";
import { enabledTest } from "../instrument/start.ts";
import { detectResource } from "../resource/detect.ts";
import type { RecordingSpan } from "../trace/span.ts";
import type { TracerReport } from "../tracer-report.ts";
import { SDK_VERSION } from "../version.ts";

const EVERY_MS = 500;
const MOST_SCOPES = 200;
const KINDS = ["internal", "server", "client", "producer", "consumer"] as const;

/** The file's contents; `apps/cli/src/doctor` reads them. */
interface ReportFile {
  readonly pid: number;
  readonly threadId: number;
  readonly node: string;
  readonly sdk: { readonly version: string; readonly file: string };
  /** Milliseconds since the process began. */
  readonly startedMs: number;
  readonly esModuleHooks: boolean;
  readonly settings: readonly SettingOrigin[];
  readonly settingComplaints: readonly string[];
  readonly complaints: readonly string[];
  readonly export: {
    readonly enabled: boolean;
    readonly url: string;
    readonly protocol: string;
    readonly caFile?: string | undefined;
    readonly headersInCode: boolean;
  };
  /** Libraries that are patched when they load. */
  readonly libraries: readonly {
    readonly module: string;
    /** What it is disabled by: often the name of the package that programs install. */
    readonly name: string;
    readonly enabled: boolean;
  }[];
  readonly modules: TracerReport["modules"];
  readonly statistics: TracerReport["statistics"];
  /** Ended spans by scope and kind. */
  readonly spans: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Calls to others, and how many of them began a trace of their own. */
  readonly calls: { readonly total: number; readonly rootless: number };
}

/** Counts spans and writes the file. */
class Reporter implements SpanObserver {
  readonly #spans: Record<string, Record<string, number>> = {};
  readonly #calls = { total: 0, rootless: 0 };
  readonly #options: StartOptions;
  readonly #startedMs = performance.now();
  #folder = "";
  #last = "";
  #serial = 0;
  #report: (() => TracerReport) | undefined;

  constructor(options: StartOptions) {
    this.#options = options;
  }

  ended(span: RecordingSpan, scope: string): void {
    if (this.#spans[scope] === undefined && Object.keys(this.#spans).length >= MOST_SCOPES) return;
    this.#spans[scope] ??= {};
    const counts = this.#spans[scope];
    const kind = KINDS[span.kind] ?? "internal";
    counts[kind] = (counts[kind] ?? 0) + 1;
    if (kind !== "client" && kind !== "producer") return;
    this.#calls.total++;
    if (span.parentSpanId === undefined) this.#calls.rootless++;
  }

  /** Writes now and from now on; returns what stops it. */
  begin(folder: string, report: () => TracerReport): () => void {
    this.#folder = folder;
    this.#report = report;
    this.write();
    const timer = setInterval(() => this.write(), EVERY_MS).unref();
    const atExit = (): void => this.write();
    process.on("exit", atExit);
    return () => {
      clearInterval(timer);
      process.off("exit", atExit);
      this.write();
    };
  }

  /** Writes the file when something has changed. Never throws: this is not worth a service's life. */
  write(): void {
    if (this.#report === undefined) return;
    try {
      const text = JSON.stringify(this.#contents(this.#report()));
      if (text === this.#last) return;
      this.#last = text;
      mkdirSync(this.#folder, { recursive: true });
      const start = Math.round(this.#startedMs * 1000).toString(36);
      const file = join(this.#folder, `tracer-${process.pid}-${threadId}-${start}.json`);
      const unfinished = `${file}.${this.#serial++}`;
      writeFileSync(unfinished, text);
      renameSync(unfinished, file);
    } catch {
      // The folder cannot be written: then there is no report.
    }
  }

  #contents({ settings, sampler, modules, statistics }: TracerReport): ReportFile {
    const enabled = enabledTest(settings);
    const service = String(detectResource(settings)["service.name"]);
    const { enabled: exports, url, protocol, caFile } = settings.export;
    const facts = { service, sampler };
    return {
      pid: process.pid,
      threadId,
      node: process.versions.node,
      sdk: { version: SDK_VERSION, file: fileURLToPath(import.meta.url) },
      startedMs: this.#startedMs,
      esModuleHooks: "registerHooks" in nodeModule,
      settings: settingOrigins(settings, facts, this.#options, process.env),
      settingComplaints: settings.complaints,
      complaints: complaintsSaid(),
      export: {
        enabled: exports,
        url,
        protocol,
        caFile,
        headersInCode: this.#options.headers !== undefined,
      },
      libraries: HOOKS.map(({ module, name }) => ({ module, name, enabled: enabled(name) })),
      modules,
      statistics,
      spans: this.#spans,
      calls: this.#calls,
    };
  }
}

/** A reporter, to be told about all spans. */
export function createReporter(options: StartOptions): Reporter {
  return new Reporter(options);
}
