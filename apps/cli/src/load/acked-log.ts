// The file of acknowledged requests: JSON lines. The first line is the plan, each further line one
// request that the server has acknowledged; together they let a checker list every span that must exist.

import { closeSync, openSync, writeSync } from "node:fs";
import { ClewError } from "@clew/base";
import type { LoadPlan } from "./plan.ts";

/** One acknowledged request. */
export interface AckedRequest {
  readonly sequence: number;
  readonly spans: number;
  /** Spans of it that the server said it rejected. */
  readonly rejected: number;
  readonly firstTraceId: string;
  /** Base time of its block, ns since 1970, decimal; needed only to make times again. */
  readonly baseNano: string;
}

/** Writes lines soon after they are given: at the end of the current turn of the event loop. */
export class AckedLog {
  readonly #file: number;
  #lines: string[] = [];

  /** Creates or empties `path`. Throws ClewError `bad_config` when it cannot be written. */
  constructor(path: string, plan: LoadPlan) {
    try {
      this.#file = openSync(path, "w");
    } catch (cause) {
      throw new ClewError("bad_config", `cannot write ${path}`, {
        hint: "choose a file in a folder that exists",
        cause,
      });
    }
    writeSync(this.#file, `${JSON.stringify({ plan })}\n`);
  }

  add(request: AckedRequest): void {
    this.#lines.push(JSON.stringify(request));
    if (this.#lines.length === 1) setImmediate(() => this.#flush());
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    if (this.#lines.length === 0) return;
    writeSync(this.#file, `${this.#lines.join("\n")}\n`);
    this.#lines = [];
  }
}

/** Reads such a file. A last line that was cut off is left out. */
export function parseAckedLog(content: string): { plan: LoadPlan; requests: AckedRequest[] } {
  const end = content.lastIndexOf("\n");
  const [first = "", ...lines] = content.slice(0, Math.max(0, end)).split("\n");
  try {
    const { plan } = JSON.parse(first) as { plan: LoadPlan };
    return { plan, requests: lines.map((line) => JSON.parse(line) as AckedRequest) };
  } catch (cause) {
    throw new ClewError("malformed_payload", "not a report of acknowledged requests", {
      hint: "use a file written by clew load --report-acked",
      cause,
    });
  }
}
