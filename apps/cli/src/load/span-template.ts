// Encoded spans with holes: everything of an OTLP Span message after its ids, ready to be copied and
// patched. Each operation has several dozen, made from its attribute distributions.

import { type AttributeSpecs, attributeFields, text } from "./attribute-spec.ts";
import type { Operation } from "./operation.ts";
import {
  field,
  fixed32Field,
  fixed64Field,
  join,
  Patch,
  type Piece,
  utf8,
  varintField,
} from "./piece.ts";
import type { Random } from "./random.ts";
import { stackTrace } from "./stack-trace.ts";

/** How a span ended. */
export const Outcome = { Ok: 0, Failed: 1, CallFailed: 2 } as const;
/** One of {@link Outcome}. */
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** One encoded span without ids. */
export interface SpanTemplate {
  readonly bytes: Uint8Array;
  /** Four numbers a patch: kind, offset, a, b. */
  readonly patches: Int32Array;
  /** Offset of the eight start bytes; the end's are nine further. */
  readonly startAt: number;
  /** Where links are inserted. */
  readonly linksAt: number;
}

const SHARE_WITH_EVENT = 0.15;

function event(name: string, position: number, attributes: AttributeSpecs, random: Random): Piece {
  const time = fixed64Field(1, [Patch.EventTime, position]);
  return field(11, join(time, field(2, utf8(name)), attributeFields(3, attributes, random)));
}

function events(operation: Operation, outcome: Outcome, random: Random): Piece {
  const pieces: Piece[] = [];
  if (operation.event !== undefined && random.unit() < SHARE_WITH_EVENT) {
    pieces.push(event(operation.event, 100 + random.below(700), { "app.step": "s-{h4}" }, random));
  }
  const failure = operation.failure;
  if (outcome === Outcome.Failed && failure !== undefined) {
    const { language, name } = operation.service;
    const stack = stackTrace(language, name, failure.exception, failure.message, random);
    const attributes = {
      "exception.type": failure.exception,
      "exception.message": failure.message,
      "exception.stacktrace": stack,
    };
    pieces.push(event("exception", 980, attributes, random));
  }
  return join(...pieces);
}

function status(operation: Operation, outcome: Outcome): Piece {
  if (outcome === Outcome.Ok) return join();
  const own = outcome === Outcome.Failed ? operation.failure?.message : undefined;
  const message = own === undefined ? join() : field(2, text(own));
  return field(15, join(message, varintField(3, 2)));
}

/** Flags as SDKs send them: sampled, and whether the parent is remote is known. */
function flags(operation: Operation): Piece {
  const remote = operation.kind === 2 || operation.kind === 5;
  return operation.service.language === "python"
    ? join()
    : fixed32Field(16, remote ? 0x301 : 0x101);
}

/** Makes one template of `operation` that ended with `outcome`. */
export function makeTemplate(operation: Operation, outcome: Outcome, random: Random): SpanTemplate {
  const specs =
    outcome === Outcome.Ok
      ? operation.attributes
      : { ...operation.attributes, ...operation.errorAttributes };
  const head = join(field(5, utf8(operation.name)), varintField(6, operation.kind));
  const times = join(fixed64Field(7), fixed64Field(8));
  const attributes = attributeFields(9, specs, random);
  const beforeLinks = join(head, times, attributes, events(operation, outcome, random));
  const whole = join(beforeLinks, status(operation, outcome), flags(operation));
  return {
    bytes: Uint8Array.from(whole.bytes),
    patches: Int32Array.from(whole.patches),
    startAt: head.bytes.length + 1,
    linksAt: beforeLinks.bytes.length,
  };
}
