// What the parts of an answer can ask of the query page.

import type { RouteParams } from "../../router/routes.ts";

type Params = RouteParams<"query">;

export interface QueryActions {
  /** Runs another query, with other parameters where given. */
  readonly run: (text: string, change?: Partial<Params>) => void;
  /** Shows the same query otherwise, or over another range. */
  readonly set: (change: Partial<Params>) => void;
  /** Runs the query with further conditions. */
  readonly narrow: (conditions: readonly string[]) => void;
}
