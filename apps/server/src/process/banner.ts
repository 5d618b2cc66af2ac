// What a person reads after `clew serve`: where to send spans, where to look, where the data is.

import type { Config } from "../config/schema.ts";
import type { Ingest } from "../wiring.ts";

function address(host: string, port: number): string {
  const everywhere = host === "0.0.0.0" || host === "::" || host === "127.0.0.1" || host === "::1";
  const name = everywhere ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `${name}:${port}`;
}

/** The start-up banner. `apiPort`: the bound port, undefined when the listener is off. */
export function banner(
  config: Config,
  folder: string,
  apiPort: number | undefined,
  ports: Ingest["ports"],
): string {
  const { host } = config;
  const scheme = config.tls.cert === undefined ? "http" : "https";
  const off = "off";
  const grpc = ports.otlpGrpc === undefined ? off : `${scheme}://${address(host, ports.otlpGrpc)}`;
  const http = ports.otlpHttp === undefined ? off : `${scheme}://${address(host, ports.otlpHttp)}`;
  const look = apiPort === undefined ? off : `http://${address(host, apiPort)}`;
  const rates =
    ports.sampling === undefined
      ? []
      : [`    rates  ${scheme}://${address(host, ports.sampling)}/sampling`];
  const lines = [
    "",
    "  Clew is ready.",
    "",
    `    send   OTLP/gRPC  ${grpc}`,
    `           OTLP/HTTP  ${http}`,
    ...rates,
    `    look   ${look}`,
    `    data   ${folder}`,
    "",
    "  No spans yet? `npm run demo` sends some. Ctrl-C stops.",
  ];
  if (host !== "127.0.0.1" && host !== "::1" && host !== "localhost") {
    lines.push(
      "",
      `  Bound to ${host}: whoever reaches this machine can read and write. Clew has no log-in.`,
    );
  }
  return `${lines.join("\n")}\n\n`;
}
