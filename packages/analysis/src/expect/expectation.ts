// What a trace is expected to look like. The vocabulary of `clew verify` files and of the test kit.

import type { FactValue, SpanKindName, StatusCodeName } from "@clew/model";

/** A text, or a pattern that some part of it must match. */
export type TextMatch = string | RegExp;

/** A value that must be equal, a pattern for text, or what is asked of the attribute's presence or size. */
export type ValueMatch =
  | FactValue
  | RegExp
  | {
      readonly exists?: boolean;
      readonly min?: number;
      readonly max?: number;
      readonly oneOf?: readonly FactValue[];
    };

/** Which spans are meant; all that is given must hold. */
export interface SpanMatch {
  readonly service?: TextMatch;
  readonly name?: TextMatch;
  readonly kind?: SpanKindName;
  readonly status?: StatusCodeName;
}

/** Both bounds count. */
export interface CountRange {
  readonly min: number;
  readonly max: number;
}

export interface SpanExpectation extends SpanMatch {
  /** Once or more unless given. */
  readonly count?: CountRange;
  /** What each such span must carry. */
  readonly attributes?: Readonly<Record<string, ValueMatch>>;
  readonly resource?: Readonly<Record<string, ValueMatch>>;
  /** Of what span each must be a child (or a linked successor); `root` for none. */
  readonly parent?: SpanMatch | "root";
  readonly maxDurationNano?: number;
}

export interface TraceExpectation {
  /** Names of services that must take part. */
  readonly services?: readonly string[];
  readonly spans?: readonly SpanExpectation[];
  /** Calls that must be there: caller and callee. */
  readonly edges?: readonly (readonly [caller: string, callee: string])[];
  readonly spanCount?: CountRange;
  /** Spans with status error; none unless given. */
  readonly errors?: CountRange;
  readonly maxDurationNano?: number;
  /** `forbid`: services and calls that are not named count as findings. `allow` unless given. */
  readonly unexpected?: "allow" | "forbid";
  /** Orphans and duplicates count as findings unless `false`. */
  readonly complete?: boolean;
}

export type FindingKind =
  | "missing"
  | "unexpected"
  | "orphaned"
  | "duplicated"
  | "mis-parented"
  | "broken-propagation"
  | "attribute"
  | "count"
  | "slow"
  | "error";

/** Something about a trace that is not as expected. */
export interface Finding {
  readonly kind: FindingKind;
  /** One sentence for people. */
  readonly message: string;
  readonly traceId?: string;
  readonly spanId?: string;
}
