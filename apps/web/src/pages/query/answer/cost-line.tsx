// What an answer cost, in a few grey words.

import { formatBytes, formatDuration } from "@clew/base";
import type { ReadCost } from "@clew/model";
import type { ReactElement } from "react";
import { formatCompact } from "../../../format/number.ts";
import styles from "../query.module.css";

const plans: Readonly<Record<string, string>> = {
  rollup: "from rollups",
  spans: "by a scan of spans",
  traces: "by whole traces",
};

export function CostLine({ cost }: { cost: ReadCost | undefined }): ReactElement | undefined {
  if (cost === undefined) return undefined;
  const { rows, bytes, traces, milliseconds, plan } = cost;
  const read = rows > 0 ? `: ${formatCompact(rows)} rows, ${formatBytes(bytes)} read` : "";
  const looked = traces > 0 ? `, ${formatCompact(traces)} traces looked at one by one` : "";
  return (
    <span className={styles.cost} title={`Answered ${plans[plan] ?? plan}${read}${looked}`}>
      {rows > 0 && `${formatCompact(rows)} rows · `}
      {formatDuration(Math.max(1, milliseconds) * 1e6)} · {plans[plan] ?? plan}
    </span>
  );
}
