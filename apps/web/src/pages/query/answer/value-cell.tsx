// A value in a table of results, with what one does with it: only these, or all but these.

import { oneLine } from "@clew/base";
import type { NamedValue } from "@clew/model";
import type { ReactElement } from "react";
import { conditionOfValue, valueText } from "../../../query/typed-text.ts";
import { IconButton } from "../../../ui/controls.tsx";
import type { QueryActions } from "../query-actions.ts";
import styles from "./results.module.css";

export function ValueCell({
  value,
  actions,
}: {
  value: NamedValue;
  actions: QueryActions;
}): ReactElement {
  const text = valueText(value.value, 300);
  const same = conditionOfValue(value);
  const other = conditionOfValue(value, "!=");
  const type = value.value.type;
  return (
    <span className={styles.value} data-type={type} data-error={isError(value) || undefined}>
      <bdi title={text}>{text}</bdi>
      {same !== undefined && other !== undefined && (
        <span className={styles.valueActions}>
          <IconButton
            icon="filter"
            size={13}
            label={`Only spans with ${oneLine(same, 120)}`}
            onClick={() => actions.narrow([same])}
          />
          <IconButton
            icon="filterOut"
            size={13}
            label={`Only spans with ${oneLine(other, 120)}`}
            onClick={() => actions.narrow([other])}
          />
        </span>
      )}
    </span>
  );
}

function isError({ value }: NamedValue): boolean {
  return value.type === "status" && value.value === "error";
}
