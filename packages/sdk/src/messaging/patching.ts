// How instrumentations of messaging libraries wrap methods: a method keeps its name and length, and what fails in the
// tracer is said once and changes nothing for the application.

import { complain } from "../complaints.ts";

/** A method of a library, of which only the arguments that matter are looked at. */
export type Method = (this: unknown, ...args: unknown[]) => unknown;

const wrappers = new WeakSet<object>();

/** `wrapped` in the clothes of `original`. */
export function dressed(original: Method, wrapped: Method): Method {
  for (const key of ["name", "length"] as const) {
    Object.defineProperty(wrapped, key, { value: original[key], configurable: true });
  }
  wrappers.add(wrapped);
  return wrapped;
}

/** Replaces `target[name]` by what `make` gives for it; once, and only where there is such a method. */
export function wrapMethod(
  target: unknown,
  name: string,
  make: (original: Method) => Method,
): void {
  const holder = target as Record<string, unknown> | undefined;
  const original = holder?.[name];
  if (holder === undefined || typeof original !== "function" || wrappers.has(original)) return;
  const wrapped = dressed(original as Method, make(original as Method));
  Object.defineProperty(holder, name, { value: wrapped, configurable: true, writable: true });
}

/** The prototype of an exported class. */
export function prototypeOf(exported: unknown): unknown {
  return typeof exported === "function" ? exported.prototype : undefined;
}

/** What `make` gives; `undefined` when it throws, which is said. */
export function attempt<T>(library: string, make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    complain(`${library}: a message could not be traced: ${String(error)}`);
    return undefined;
  }
}

/** Bytes of a message's body, where that is known without work. */
export function sizeOf(body: unknown): number | undefined {
  if (typeof body === "string") return Buffer.byteLength(body);
  return body instanceof Uint8Array ? body.length : undefined;
}
