// The error shape of /api/v3 (jaeger-idl, GRPCGatewayError).

import { STATUS_CODES } from "node:http";

/** google.rpc.Code by HTTP status. */
const grpcCodes: Readonly<Record<number, number>> = {
  404: 5,
  405: 12,
  413: 8,
  422: 8,
  429: 8,
  499: 1,
  501: 12,
  503: 14,
};

/** The body of an error. */
export function gatewayError(status: number, message: string): object {
  const grpcCode = grpcCodes[status] ?? (status < 500 ? 3 : 13);
  return {
    error: { grpcCode, httpCode: status, message, httpStatus: STATUS_CODES[status] ?? "" },
  };
}
