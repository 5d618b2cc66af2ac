// What a panel shows when it has nothing to show: still loading, failed, or empty.

import { ClewError, oneLine } from "@clew/base";
import type { ReactElement, ReactNode } from "react";
import { Button } from "./controls.tsx";
import { Icon } from "./icon.tsx";
import styles from "./states.module.css";

/** Grey lines in the shape of a list to come. */
export function Loading({
  lines = 6,
  label = "Loading",
}: {
  lines?: number;
  label?: string;
}): ReactElement {
  return (
    <div className={styles.loading} role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} className={styles.line} style={{ width: `${92 - ((i * 37) % 48)}%` }} />
      ))}
    </div>
  );
}

/** A thin moving line on top of what is being refreshed. */
export function Progress({ active }: { active: boolean }): ReactElement | undefined {
  return active ? (
    <div className={styles.progress} role="progressbar" aria-label="Loading" />
  ) : undefined;
}

/** An error as the API tells it: code, message, hint. */
export function ErrorState({
  error,
  onRetry,
}: {
  error: unknown;
  onRetry?: () => void;
}): ReactElement {
  const { code, message, hint } = ClewError.from(error);
  return (
    <div className={styles.state} role="alert">
      <span className={styles.code}>{oneLine(code, 60)}</span>
      <h2>{oneLine(message, 500)}</h2>
      {hint !== undefined && <p className={styles.text}>{oneLine(hint, 1000)}</p>}
      {onRetry !== undefined && (
        <div className={styles.actions}>
          <Button onClick={onRetry}>
            <Icon name="refresh" size={14} /> Try again
          </Button>
        </div>
      )}
    </div>
  );
}

export function EmptyState({
  title,
  children,
  actions,
}: {
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
}): ReactElement {
  return (
    <div className={styles.state}>
      <h2>{title}</h2>
      {children !== undefined && <div className={styles.text}>{children}</div>}
      {actions !== undefined && <div className={styles.actions}>{actions}</div>}
    </div>
  );
}
