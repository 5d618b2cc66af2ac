// What receivers can be told, with the defaults that make all of it optional.

import { ClewError } from "@clew/base";
import type { SamplingSource } from "../sampling/sampling-source.ts";
import { DEFAULT_TENANT_HEADERS } from "./tenant.ts";

/** PEM texts (not paths). `clientCa` set means that senders must show a certificate it has signed. */
export interface ReceiverTls {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
}

/** Options of `startReceivers`. A port that is absent is off; -1 asks the system for a free one. */
export interface ReceiverOptions {
  readonly host: string;
  readonly httpPort?: number | undefined;
  readonly grpcPort?: number | undefined;
  /** Port for Jaeger's remote sampling alone; the other two answer it as well. */
  readonly samplingPort?: number | undefined;
  /** Rates to tell tracers that ask; they are told that there is nothing without. */
  readonly sampling?: SamplingSource;
  /** Greatest request body after decompression, bytes; 64 MiB by default. */
  readonly maxBodyBytes?: number;
  /**
   * Bytes that all requests together may hold while they are read and decompressed; 256 MiB by
   * default, never less than two bodies of the greatest size.
   */
  readonly maxReadingBytes?: number;
  /** Milliseconds a sender has to deliver a whole request; 30 s by default. */
  readonly requestTimeoutMs?: number;
  /** Origins that browsers may send from, see `createCors`; none by default. */
  readonly corsOrigins?: readonly string[];
  /** Headers (or gRPC metadata keys) that name the tenant; the first present wins. */
  readonly tenantHeaders?: readonly string[];
  readonly tls?: ReceiverTls | undefined;
  /** Told about errors whose cause is ours; senders only see that they should retry. */
  readonly onError?: (error: ClewError) => void;
}

/** Options with every default filled in. */
export interface ReceiverSettings {
  readonly host: string;
  readonly maxBodyBytes: number;
  readonly maxReadingBytes: number;
  readonly requestTimeoutMs: number;
  readonly corsOrigins: readonly string[];
  readonly tenantHeaders: readonly string[];
  readonly tls: ReceiverTls | undefined;
  readonly onError: (error: ClewError) => void;
  readonly sampling: SamplingSource | undefined;
}

const MIB = 1024 * 1024;

/** Fills in the defaults. */
export function settingsOf(options: ReceiverOptions): ReceiverSettings {
  const maxBodyBytes = options.maxBodyBytes ?? 64 * MIB;
  return {
    host: options.host,
    maxBodyBytes,
    maxReadingBytes: Math.max(options.maxReadingBytes ?? 256 * MIB, 2 * maxBodyBytes),
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    corsOrigins: options.corsOrigins ?? [],
    tenantHeaders: (options.tenantHeaders ?? DEFAULT_TENANT_HEADERS).map((name) =>
      name.toLowerCase(),
    ),
    tls: options.tls,
    onError: options.onError ?? (() => undefined),
    sampling: options.sampling,
  };
}

/** `tls` as node:https takes it. */
export function tlsOptions(tls: ReceiverTls): Record<string, unknown> {
  const own = { cert: tls.cert, key: tls.key };
  if (tls.clientCa === undefined) return own;
  return { ...own, ca: tls.clientCa, requestCert: true, rejectUnauthorized: true };
}

/** The port to give to `listen`. */
export function listenPort(port: number): number {
  return port === -1 ? 0 : port;
}

/** Turns a failure to listen into ClewError `bad_config` that names the setting to change. */
export function listenError(
  cause: unknown,
  host: string,
  port: number,
  setting: string,
): ClewError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === "EADDRINUSE") {
    return new ClewError("bad_config", `port ${port} is in use`, {
      hint: `stop the other program, or set ${setting} to another port (0 turns this receiver off)`,
      cause,
    });
  }
  if (code === "EACCES") {
    return new ClewError("bad_config", `this user may not listen on port ${port}`, {
      hint: `set ${setting} to a port above 1023`,
      cause,
    });
  }
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return new ClewError("bad_config", `${host} is not an address of this machine`, {
      hint: "set CLEW_HOST to 127.0.0.1 for this machine only, or to 0.0.0.0 for all its addresses",
      cause,
    });
  }
  return new ClewError(
    "bad_config",
    `cannot listen on ${host}:${port}: ${ClewError.from(cause).message}`,
    {
      hint: `check CLEW_HOST and ${setting}, and the certificate settings if TLS is on`,
      cause,
    },
  );
}
