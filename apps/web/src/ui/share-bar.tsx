// A value's share of the largest beside it, as a thin bar.

import type { CSSProperties, ReactElement } from "react";
import styles from "./share-bar.module.css";

interface ShareBarProps {
  /** 0..1; what is above zero stays visible. */
  readonly share: number;
  readonly tone?: "accent" | "warning";
}

export function ShareBar({ share, tone = "accent" }: ShareBarProps): ReactElement {
  const percent = Math.round(Math.min(1, Math.max(share > 0 ? 0.02 : 0, share)) * 100);
  const style = { "--share": `${percent}%` } as CSSProperties;
  return <i className={styles.bar} data-tone={tone} style={style} aria-hidden="true" />;
}

/** Place of a duration between 100 µs and the longest, on a log scale: one slow trace must not flatten all others. */
export function logShare(nano: number, longestNano: number): number {
  const floor = 1e5;
  const longest = Math.max(longestNano, floor * 2);
  return Math.max(0.02, Math.log(Math.max(nano, floor) / floor) / Math.log(longest / floor));
}
