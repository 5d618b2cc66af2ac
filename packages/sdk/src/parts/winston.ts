// Part: records of winston name their span, before any format sees them.

import type { Instrumentation, ModulePatch } from "../instrument/instrumentation.ts";
import { activeFields } from "../logs/helpers.ts";
import type { LogFields } from "../logs/keys.ts";
import { wrapMethod } from "../messaging/patching.ts";

type Write = (this: unknown, info: unknown, ...rest: unknown[]) => unknown;

/** Errors that have been given fields. */
const marked = new WeakMap<Error, readonly string[]>();

/** Errors cannot be copied. One that is logged again names the span of that time, or none. */
function namedError(info: Error, fields: LogFields): Error {
  if (!Object.isExtensible(info)) return info;
  for (const key of marked.get(info) ?? []) Reflect.deleteProperty(info, key);
  const keys = Object.keys(fields).filter((key) => !Object.hasOwn(info, key));
  for (const key of keys) Reflect.set(info, key, fields[key]);
  marked.set(info, keys);
  return info;
}

/** A copy of the record, which the program may use again in another span. */
function named(info: unknown): unknown {
  if (typeof info !== "object" || info === null) return info;
  const fields = activeFields();
  if (info instanceof Error) return namedError(info, fields);
  if (Object.keys(fields).length === 0) return info;
  const copy: unknown = Object.create(Object.getPrototypeOf(info) as object | null);
  return Object.assign(copy as object, fields, info);
}

const patch: ModulePatch["patch"] = (exports) => {
  const { prototype } = exports as unknown as { prototype: { write: Write } };
  // The stream's own, which the class inherits.
  wrapMethod(prototype, "write", (write) => {
    return function writeNamed(this: unknown, info: unknown, ...rest: unknown[]) {
      return write.call(this, named(info), ...rest);
    };
  });
};

/** Instrumentation of winston. */
export const instrumentation: Instrumentation = {
  name: "winston",
  modules: [{ module: "winston", versions: ">=3.0.0 <4", file: "lib/winston/logger", patch }],
};
