// The formats by name. Those that few use are parts, loaded when `OTEL_PROPAGATORS` names them.

import { loadPart } from "../load-part.ts";
import { baggageFormat } from "./baggage.ts";
import type { Format } from "./format.ts";
import { tracecontext } from "./tracecontext.ts";

/** Part that exports `formats`, by the names of its formats. */
const PARTS: Readonly<Record<string, string>> = {};

/** The formats of the given names, in order; `complain` hears of names that there are none for. */
export function formatsOf(
  names: readonly string[],
  complain: (text: string) => void,
): readonly Format[] {
  return names.flatMap((name): readonly Format[] => {
    if (name === "tracecontext") return [tracecontext];
    if (name === "baggage") return [baggageFormat];
    if (name === "none") return [];
    const part = PARTS[name];
    const found =
      part === undefined
        ? undefined
        : (loadPart(part) as { formats: readonly Format[] }).formats.find(
            (each) => each.name === name,
          );
    if (found !== undefined) return [found];
    complain(`propagator ${name} is unknown`);
    return [];
  });
}
