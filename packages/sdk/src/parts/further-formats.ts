// The propagation formats beside W3C's, loaded when `OTEL_PROPAGATORS` names one of them.

import { b3, b3multi } from "../propagation/b3.ts";
import { datadog } from "../propagation/datadog.ts";
import type { Format } from "../propagation/format.ts";
import { jaeger } from "../propagation/jaeger.ts";
import { otTrace } from "../propagation/ot-trace.ts";
import { xray, xrayLambda } from "../propagation/xray.ts";

/** All formats of this part. */
export const formats: readonly Format[] = [b3, b3multi, jaeger, xray, xrayLambda, datadog, otTrace];
