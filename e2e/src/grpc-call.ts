// One gRPC call with any bytes as its message: what no generated client would send.

import { Client, credentials } from "@grpc/grpc-js";
import type { ServerProcess } from "./server-process.ts";

/** gRPC status codes that the tests know. */
export const GrpcCode = { Ok: 0, InvalidArgument: 3, Unimplemented: 12 } as const;

/** Calls `path` and resolves to how the call ended. Never rejects. */
export function callGrpc(
  server: ServerProcess,
  path: string,
  message: Uint8Array,
): Promise<{ readonly code: number; readonly details: string }> {
  const client = new Client(`127.0.0.1:${server.otlpGrpcPort}`, credentials.createInsecure());
  const asIs = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, asIs, asIs, Buffer.from(message), (error) => {
      client.close();
      resolve(
        error === null ? { code: 0, details: "" } : { code: error.code, details: error.details },
      );
    });
  });
}
