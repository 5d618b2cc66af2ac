// Says that an answer is not whole.

import { oneLine } from "@clew/base";
import type { ReactElement } from "react";
import { Icon } from "../../../ui/icon.tsx";
import styles from "../query.module.css";

export function PartialNote({
  message,
}: {
  message: string | undefined;
}): ReactElement | undefined {
  if (message === undefined) return undefined;
  return (
    <p className={styles.partial} role="status">
      <Icon name="warning" size={14} /> {oneLine(message, 400)}
    </p>
  );
}
