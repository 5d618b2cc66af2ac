// What stands in place of an answer: it failed, was cancelled, or has nothing in it.

import { type ReactElement, useEffect } from "react";
import { Button } from "../../../ui/controls.tsx";
import { EmptyState, ErrorState } from "../../../ui/states.tsx";
import styles from "../query.module.css";
import type { QueryActions } from "../query-actions.ts";
import { faultOfError } from "../query-fault.ts";
import type { AnswerProps } from "./answer-props.ts";

/** What stands in place of an answer that failed, or that was cancelled. */
export function Unanswered({
  error,
  onRetry,
  onFailure,
}: {
  error: unknown;
  onRetry: () => void;
  onFailure: AnswerProps["onFailure"];
}): ReactElement {
  useEffect(() => {
    onFailure(error ?? undefined);
    return () => onFailure(undefined);
  }, [error, onFailure]);
  if (error === null || error === undefined)
    return (
      <EmptyState title="Cancelled" actions={<Button onClick={onRetry}>Run it again</Button>}>
        The server has stopped looking.
      </EmptyState>
    );
  return faultOfError(error) === undefined ? (
    <ErrorState error={error} onRetry={onRetry} />
  ) : (
    <p className={styles.faulty}>The query cannot be answered as it stands; see above.</p>
  );
}

/** What to do about an answer without anything in it. */
export function NothingFound({ actions }: { actions: QueryActions }): ReactElement {
  return (
    <EmptyState
      title="Nothing in this time range matches"
      actions={
        <>
          <Button onClick={() => actions.set({ from: "now-24h", to: undefined })}>
            Look at the last 24 hours
          </Button>
          <Button onClick={() => actions.run("{ }")}>Show all spans</Button>
        </>
      }
    >
      Conditions between one pair of braces must hold for the same span; text is compared whole, and
      a number in quotes is a text. A key without a scope (<code>.http.route</code>) is looked for
      everywhere.
    </EmptyState>
  );
}
