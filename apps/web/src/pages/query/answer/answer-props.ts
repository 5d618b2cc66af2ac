// What every form of an answer is given.

import type { Query } from "@clew/traceql";
import type { RouteParams } from "../../../router/routes.ts";
import type { ResolvedRange } from "../../../router/time-range.ts";
import type { QueryActions } from "../query-actions.ts";

export interface AnswerProps {
  readonly text: string;
  readonly query: Query;
  readonly params: RouteParams<"query">;
  readonly range: ResolvedRange;
  readonly actions: QueryActions;
  /** Tells the error of the answer, so that it is shown at its place in the text. */
  readonly onFailure: (error: unknown) => void;
}
