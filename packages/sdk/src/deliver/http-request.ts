// What requests to the backend share: Node's client for a URL, loaded when first needed, the certificates, and the form
// of the body.

import { readFileSync } from "node:fs";
import type { ExportSettings } from "../config/settings.ts";
import { loadPart } from "../load-part.ts";

// A service without TLS never pays for it.
const load = process.getBuiltinModule as (name: string) => unknown;

type Http = typeof import("node:http");
type Https = typeof import("node:https");

/** node:http or node:https, as `url` asks. */
export function loadHttp(url: string): Http & Https {
  const isSecure = new URL(url).protocol === "https:";
  return load(isSecure ? "node:https" : "node:http") as Http & Https;
}

/** Contents of the certificate files, as options of a request. Throws when one cannot be read. */
export function certificates(settings: ExportSettings): Record<string, Buffer> {
  const files = { ca: settings.caFile, key: settings.keyFile, cert: settings.certFile };
  return Object.fromEntries(
    Object.entries(files).flatMap(([name, file]) =>
      file === undefined ? [] : [[name, readFileSync(file)] as const],
    ),
  );
}

/** What a request carries, before it is compressed. */
export interface RequestBody {
  readonly bytes: Buffer;
  /** Its content type. */
  readonly type: string;
}

/** An ExportTraceServiceRequest in protobuf in the form that the backend is to get. */
export function requestBody({ protocol }: ExportSettings, body: Buffer): RequestBody {
  if (protocol !== "http/json") return { bytes: body, type: "application/x-protobuf" };
  const { toJson } = loadPart("otlp-json") as typeof import("../parts/otlp-json.ts");
  return { bytes: toJson(body), type: "application/json" };
}
