// Loads a part of the tracer when it is first needed: each file of src/parts is a file of its own in dist.

import { createRequire } from "node:module";

/** Put in by the build: a `require` with a plain text for each part, which bundlers can follow. */
declare const CLEW_PARTS: Readonly<Record<string, () => unknown>>;
declare const CLEW_BUILT: boolean;

/** What the file `name` of src/parts exports. */
export function loadPart(name: string): unknown {
  if (typeof CLEW_BUILT !== "undefined") return CLEW_PARTS[name]?.();
  return createRequire(import.meta.url)(`./parts/${name}.ts`);
}
