// Loads a part of the tracer when it is first needed: each file of src/parts is a file of its own in dist.

import { createRequire } from "node:module";

declare const CLEW_BUILT: boolean;

const built = typeof CLEW_BUILT !== "undefined";
const load: NodeJS.Require = built ? require : createRequire(import.meta.url);

/** What the file `name` of src/parts exports. */
export function loadPart(name: string): unknown {
  return load(`./parts/${name}.${built ? "cjs" : "ts"}`);
}
