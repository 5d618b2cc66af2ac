// Part: records of winston name their span, before any format sees them.

import type { Instrumentation, ModulePatch } from "../instrument/instrumentation.ts";
import { logFields } from "../logs/helpers.ts";
import { wrapMethod } from "../messaging/patching.ts";

type Write = (this: unknown, info: unknown, ...rest: unknown[]) => unknown;

/** A copy of the record, which the program may use again in another span. Errors cannot be copied. */
function named(info: unknown): unknown {
  if (typeof info !== "object" || info === null) return info;
  const fields = logFields();
  if (Object.keys(fields).length === 0) return info;
  if (info instanceof Error) return Object.isExtensible(info) ? Object.assign(info, fields) : info;
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
