// The HTTP client of the receiver tests: one request, the whole answer.

import http, { type IncomingHttpHeaders, type RequestOptions } from "node:http";
import https from "node:https";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

/** Sends one request to 127.0.0.1 and resolves with the answer; rejects when the connection fails. */
export function send(
  port: number,
  path: string,
  options: Pick<RequestOptions, "method" | "headers" | "agent"> & {
    readonly body?: Uint8Array | string;
    readonly tls?: https.RequestOptions;
  } = {},
): Promise<Answer> {
  const { body, tls, ...rest } = options;
  return new Promise((resolve, reject) => {
    const all = { host: "127.0.0.1", port, path, method: "POST", ...rest };
    const request = tls === undefined ? http.request(all) : https.request({ ...all, ...tls });
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const whole = Buffer.concat(chunks);
        const status = response.statusCode ?? 0;
        resolve({ status, headers: response.headers, body: whole, text: whole.toString() });
      });
    });
    request.end(body);
  });
}
