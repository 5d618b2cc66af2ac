// What requests to the backend share: Node's client for a URL, loaded when first needed, and the certificates.

import { readFileSync } from "node:fs";
import type { ExportSettings } from "../config/settings.ts";

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
