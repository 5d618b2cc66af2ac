// What tests of libraries share: a sink, a place whose programs can import what is installed here, and spans
// by service and kind.

import { linkModules, runOldService } from "./old-service.ts";
import { OtlpSink, type ReceivedSpan } from "./otlp-sink.ts";
import { makePlace, type Place, removePlace, runProgram } from "./program.ts";

/** Kinds of spans as OTLP numbers them. */
export const SERVER = 2;
export const CLIENT = 3;
export const PRODUCER = 4;
export const CONSUMER = 5;

/** A place for the programs of one test. */
export class ProgramBench {
  readonly sink: OtlpSink;
  readonly place: Place;

  constructor(sink: OtlpSink, place: Place) {
    this.sink = sink;
    this.place = place;
    linkModules(place);
  }

  static async start(env: Record<string, string> = {}): Promise<ProgramBench> {
    const sink = await OtlpSink.start();
    const own = { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_SERVICE_NAME: "new" };
    return new ProgramBench(sink, makePlace({ ...own, ...env }));
  }

  async stop(): Promise<void> {
    removePlace(this.place);
    await this.sink.stop();
  }

  /** Runs a program behind our tracer; fails when it says anything on stderr. Resolves to what it printed. */
  async run(source: string, kind: "mjs" | "cjs" = "mjs"): Promise<string> {
    const ending = await runProgram(this.place, kind, source);
    if (ending.code !== 0 || ending.stderr !== "") {
      throw new Error(`the program ended with ${String(ending.code)}: ${ending.stderr}`);
    }
    return ending.stdout;
  }

  /** Runs a program behind OpenTelemetry's SDK. */
  async runOld(instrumentation: string, body: string): Promise<string> {
    return await runOldService(this.place, instrumentation, body);
  }

  /** All spans of a kind. */
  of(kind: number, service = "new"): readonly ReceivedSpan[] {
    return this.sink.spans.filter(
      (span) => span.kind === kind && span.resource["service.name"] === service,
    );
  }

  /** The only span with this name. */
  named(name: string): ReceivedSpan {
    const found = this.sink.spans.filter((span) => span.name === name);
    const [only] = found;
    if (only === undefined || found.length > 1) {
      const names = this.sink.spans.map((span) => span.name).join(", ");
      throw new Error(`${found.length} spans are named ${name}; there are: ${names}`);
    }
    return only;
  }

  /** Ids of all traces. */
  get traces(): ReadonlySet<string> {
    return new Set(this.sink.spans.map(({ traceId }) => traceId));
  }
}
