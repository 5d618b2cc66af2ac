// What `clew doctor` has to say, one at a time. The exit code is 1 when any of them is a problem.

/** `ok`: good to know; `note`: may be as wanted; `problem`: traces are incomplete or lost until it is mended. */
export type Level = "ok" | "note" | "problem";

/** One statement with what to do about it. */
export interface Finding {
  readonly level: Level;
  /** Stable word for programs, such as `loaded_too_early`. */
  readonly kind: string;
  readonly message: string;
  readonly hint?: string;
}

/** Statements about one thing: a process, an endpoint, the backend. */
export interface Section {
  readonly title: string;
  readonly findings: readonly Finding[];
  /** Settings and where each came from. */
  readonly settings?: readonly {
    readonly name: string;
    readonly value: string;
    readonly from: string;
  }[];
}

export function ok(kind: string, message: string): Finding {
  return { level: "ok", kind, message };
}

export function note(kind: string, message: string, hint?: string): Finding {
  return { level: "note", kind, message, ...(hint === undefined ? {} : { hint }) };
}

export function problem(kind: string, message: string, hint?: string): Finding {
  return { level: "problem", kind, message, ...(hint === undefined ? {} : { hint }) };
}
