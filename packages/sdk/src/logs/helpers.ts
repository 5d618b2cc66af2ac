// Log records that name their span, for programs that say it themselves: in bundles loggers cannot be patched.

import type { Span } from "@opentelemetry/api";
import { running } from "../sdk.ts";
import { activeContext, spanOf } from "../trace/context.ts";
import { fieldsOf, type LogFields, type LogKeyChoice } from "./keys.ts";

const NOTHING: LogFields = Object.freeze({});
const NO_TRACE = "0".repeat(32);

/** The last span that was asked for: most records of a request follow one another. */
let last:
  | { readonly span: Span; readonly keys: LogKeyChoice; readonly fields: LogFields }
  | undefined;

/** Ids of the active span, one and the same object for each span. Never throws. */
export function activeFields(): LogFields {
  try {
    const span = spanOf(activeContext());
    if (span === undefined) return NOTHING;
    const keys = running()?.settings.logs.keys ?? "otel";
    if (last?.span === span && last.keys === keys) return last.fields;
    const context = span.spanContext();
    if (context.traceId === NO_TRACE) return NOTHING;
    const fields = Object.freeze(fieldsOf(context, keys));
    last = { span, keys, fields };
    return fields;
  } catch {
    return NOTHING;
  }
}

/** Ids of the active span, under the names that are set; nothing outside of spans. Never throws. */
export function logFields(): LogFields {
  return { ...activeFields() };
}

/** A `mixin` for pino, before one of the program's own when it has one: `pino({ mixin: pinoMixin() })`. */
export function pinoMixin<Args extends unknown[]>(
  further?: (...args: Args) => object,
): (...args: Args) => object {
  return function mixin(this: unknown, ...args) {
    return { ...activeFields(), ...further?.apply(this, args) };
  };
}

/** A format for winston: `format.combine(winstonFormat(), format.json())`. */
export function winstonFormat(): { transform<Info extends object>(info: Info): Info } {
  return { transform: (info) => Object.assign(info, activeFields()) };
}
