// Log records that name their span, for programs that say it themselves: in bundles loggers cannot be patched.

import { running } from "../sdk.ts";
import { activeContext, spanOf } from "../trace/context.ts";
import { fieldsOf, type LogFields } from "./keys.ts";

const NOTHING: LogFields = {};
const NO_TRACE = "0".repeat(32);

/** Ids of the active span, under the names that are set; nothing outside of spans. Never throws. */
export function logFields(): LogFields {
  try {
    const context = spanOf(activeContext())?.spanContext();
    if (context === undefined || context.traceId === NO_TRACE) return NOTHING;
    return fieldsOf(context, running()?.settings.logs.keys ?? "otel");
  } catch {
    return NOTHING;
  }
}

/** A `mixin` for pino, before one of the program's own when it has one: `pino({ mixin: pinoMixin() })`. */
export function pinoMixin<Args extends unknown[]>(
  further?: (...args: Args) => object,
): (...args: Args) => object {
  return function mixin(this: unknown, ...args) {
    return { ...logFields(), ...further?.apply(this, args) };
  };
}

/** A format for winston: `format.combine(winstonFormat(), format.json())`. */
export function winstonFormat(): { transform<Info extends object>(info: Info): Info } {
  return { transform: (info) => Object.assign(info, logFields()) };
}
