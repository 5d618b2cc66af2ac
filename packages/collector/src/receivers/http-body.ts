// Reads the body of an HTTP request as it comes off the wire, still compressed.

import type { IncomingMessage } from "node:http";
import type { ByteLease } from "./byte-budget.ts";
import { tooLarge } from "./decompress.ts";

const NO_BYTES = new Uint8Array(0);

/**
 * The whole body, or undefined when the sender went away before its end. Bytes are taken from
 * `lease` as they arrive. Throws ClewError `payload_too_large` as soon as the body is known to be
 * longer than `limitBytes`, and what `lease` throws; the rest of the body is then left unread.
 */
export function readBody(
  request: IncomingMessage,
  limitBytes: number,
  lease: ByteLease,
): Promise<Uint8Array | undefined> {
  const announced = request.headers["content-length"];
  if (announced !== undefined && Number(announced) > limitBytes)
    return Promise.reject(tooLarge(limitBytes));
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let rest: Buffer[] | undefined;
    let length = 0;
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      try {
        if (length > limitBytes) throw tooLarge(limitBytes);
        lease.take(chunk.length);
      } catch (error) {
        // Without this listener nothing is kept; node throws away what else arrives.
        request.off("data", onData);
        request.resume();
        first = undefined;
        rest = undefined;
        reject(error);
        return;
      }
      if (first === undefined) first = chunk;
      else if (rest === undefined) rest = [first, chunk];
      else rest.push(chunk);
    };
    request.on("data", onData);
    request.on("end", () => {
      if (rest !== undefined) resolve(Buffer.concat(rest, length));
      else resolve(first ?? NO_BYTES);
    });
    // Comes after "end" too, when the promise is long settled. With no "error" listener node
    // raises none for an aborted request.
    request.on("close", () => resolve(undefined));
  });
}
