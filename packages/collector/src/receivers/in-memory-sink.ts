// A small real sink for tests: keeps what it is given, or does what it is told instead.

import type { ExportOutcome, ExportRequest, ExportSink } from "./export-sink.ts";

const FULL_SUCCESS: ExportOutcome = { rejected: 0, message: undefined };

/** Remembers every request; `respond` may be replaced to reject, to delay or to answer partly. */
export class InMemorySink implements ExportSink {
  readonly requests: ExportRequest[] = [];
  freeBytes = 1_000_000_000;
  respond: (request: ExportRequest) => Promise<ExportOutcome> = () => Promise.resolve(FULL_SUCCESS);

  export(request: ExportRequest): Promise<ExportOutcome> {
    this.requests.push(request);
    return this.respond(request);
  }

  /** Bodies as text, in order of arrival. */
  get texts(): string[] {
    return this.requests.map((request) => Buffer.from(request.body).toString());
  }
}
