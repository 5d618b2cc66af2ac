// Ports of a server that is started with the same environment as this command.

export function queryPort(): string {
  return process.env["CLEW_PORT"] || "4319";
}

export function otlpHttpPort(): string {
  return process.env["CLEW_OTLP_HTTP_PORT"] || "4318";
}
