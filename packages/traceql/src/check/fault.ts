// How checks say that a well-formed query means nothing.

import type { Place } from "../ast.ts";

/** Throws the error for `place`. */
export type Fail = (place: Place, reason: string, options?: { readonly hint?: string }) => never;
