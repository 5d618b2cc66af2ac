// The formats by name. Those that few use are parts, loaded when `OTEL_PROPAGATORS` names them.

import { loadPart } from "../load-part.ts";
import { baggageFormat } from "./baggage.ts";
import type { Format } from "./format.ts";
import { tracecontext } from "./tracecontext.ts";

/** Names whose formats are in the part `further-formats`. */
const FURTHER: ReadonlySet<string> = new Set([
  "b3",
  "b3multi",
  "jaeger",
  "xray",
  "xray-lambda",
  "datadog",
  "ottrace",
]);

function furtherFormat(name: string): Format | undefined {
  if (!FURTHER.has(name)) return undefined;
  const part = loadPart("further-formats") as typeof import("../parts/further-formats.ts");
  return part.formats.find((each) => each.name === name);
}

/** The formats of the given names, in order; `complain` hears of names that there are none for. */
export function formatsOf(
  names: readonly string[],
  complain: (text: string) => void,
): readonly Format[] {
  return names.flatMap((name): readonly Format[] => {
    if (name === "tracecontext") return [tracecontext];
    if (name === "baggage") return [baggageFormat];
    if (name === "none") return [];
    const found = furtherFormat(name);
    if (found !== undefined) return [found];
    complain(`propagator ${name} is unknown`);
    return [];
  });
}
