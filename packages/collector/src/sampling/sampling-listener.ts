// The port of Jaeger's remote sampling (5778), which answers at every path as Jaeger's does.

import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import {
  listenError,
  listenPort,
  type ReceiverSettings,
  tlsOptions,
} from "../receivers/receiver-options.ts";
import type { AnswerSampling } from "./sampling-endpoint.ts";

export interface SamplingListener {
  readonly port: number;
  /** Stops accepting, lets answers under way end for at most `graceMs`, then cuts what is left. */
  stop(graceMs: number): Promise<void>;
}

const limits = { requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16 * 1024 };

/** Starts listening. Throws ClewError `bad_config` when the address or the certificate is no good. */
export async function startSamplingListener(
  port: number,
  settings: ReceiverSettings,
  answer: AnswerSampling,
): Promise<SamplingListener> {
  const { tls, host } = settings;
  try {
    const server =
      tls === undefined
        ? http.createServer(limits, answer)
        : https.createServer({ ...limits, ...tlsOptions(tls) }, answer);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port: listenPort(port) }, resolve);
    });
    return {
      port: (server.address() as AddressInfo).port,
      async stop(graceMs) {
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeIdleConnections();
        const cut = setTimeout(() => server.closeAllConnections(), graceMs);
        await closed;
        clearTimeout(cut);
      },
    };
  } catch (error) {
    throw listenError(error, host, port, "CLEW_SAMPLING_PORT");
  }
}
