// AWS X-Ray: `X-Amzn-Trace-Id: Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=<0|1|?>`, further parts in any
// order. Load balancers send a Root alone. In Lambda the header of the invocation is in the environment.
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader

import { isSpanId, isTraceId } from "../trace/ids.ts";
import type { Format, RemoteParent } from "./format.ts";

const HEADER = "x-amzn-trace-id";
const LAMBDA_VARIABLE = "_X_AMZN_TRACE_ID";
const ROOT = /^1-([0-9a-f]{8})-([0-9a-f]{24})$/i;

/** Reads the header's text. A Root without Parent gives a trace id without a span id. */
export function parseXrayHeader(header: string | undefined): RemoteParent | undefined {
  if (header === undefined || header.length > 4096) return undefined;
  const parts = new Map(
    header.split(";").map((part) => {
      const [key = "", value = ""] = part.split("=", 2);
      return [key.trim().toLowerCase(), value.trim()];
    }),
  );
  const root = ROOT.exec(parts.get("root") ?? "");
  const traceId = root === null ? "" : `${root[1]}${root[2]}`.toLowerCase();
  const parent = parts.get("parent")?.toLowerCase();
  if (!isTraceId(traceId) || (parent !== undefined && !isSpanId(parent))) return undefined;
  const sampled = parts.get("sampled");
  const decided = sampled === "0" || sampled === "1";
  return {
    traceId,
    spanId: parent ?? "",
    flags: sampled === "1" ? 1 : 0,
    ...(decided ? {} : { deferred: true }),
  };
}

/** The header's text for a span. */
export function xrayHeader(span: { traceId: string; spanId: string; flags: number }): string {
  const { traceId, spanId, flags } = span;
  return `Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)};Parent=${spanId};Sampled=${flags & 1}`;
}

export const xray: Format = {
  name: "xray",
  fields: [HEADER],
  extract: (get) => parseXrayHeader(get(HEADER)),
  inject: (span, set) => set(HEADER, xrayHeader(span)),
};

/** `xray-lambda`: as `xray`, but the invocation's own header in the environment comes first. */
export const xrayLambda: Format = {
  name: "xray-lambda",
  fields: [HEADER],
  extract: (get) => parseXrayHeader(process.env[LAMBDA_VARIABLE]) ?? parseXrayHeader(get(HEADER)),
  inject: (span, set) => set(HEADER, xrayHeader(span)),
};
