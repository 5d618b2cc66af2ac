// The end of a list that goes on: load more, or that was all.

import type { ReactElement } from "react";
import { Button } from "../../../ui/controls.tsx";
import { ErrorState } from "../../../ui/states.tsx";
import styles from "./results.module.css";

/** How a list goes on. */
export interface MoreRows {
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  readonly error: unknown;
  readonly onMore: () => void;
}

export function More({ more }: { more: MoreRows }): ReactElement {
  return (
    <div className={styles.more}>
      {more.error !== undefined ? (
        <ErrorState error={more.error} onRetry={more.onMore} />
      ) : more.hasMore ? (
        <Button onClick={more.onMore} disabled={more.isLoading}>
          {more.isLoading ? "Loading…" : "Load more"}
        </Button>
      ) : (
        <span>That is all in this time range.</span>
      )}
    </div>
  );
}
