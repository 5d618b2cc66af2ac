// One condition of the builder: field, operator, value.

import type { TagValue } from "@clew/model";
import { spanKindNames, statusCodeNames } from "@clew/model";
import { type ReactElement, useState } from "react";
import { useTagNames, useTagValues } from "../../../api/traceql-queries.ts";
import { formatCompact } from "../../../format/number.ts";
import type { BuilderOperator } from "../../../query/builder-model.ts";
import { type LiteralType } from "../../../query/filter-text.ts";
import { fieldType, readField } from "../../../query/reference-text.ts";
import { literalOf } from "../../../query/search-text.ts";
import type { ResolvedRange } from "../../../router/time-range.ts";
import { Combobox, type Suggestion } from "../../../ui/combobox.tsx";
import controls from "../../../ui/controls.module.css";
import { Button, IconButton } from "../../../ui/controls.tsx";
import { Icon } from "../../../ui/icon.tsx";
import styles from "./builder.module.css";
import { conditionOfRow, type DraftRow } from "./builder-draft.ts";
import { fieldSuggestions } from "./field-suggestions.ts";

const operatorLabels: readonly (readonly [BuilderOperator, string])[] = [
  ["=", "="],
  ["!=", "≠"],
  [">", ">"],
  [">=", "≥"],
  ["<", "<"],
  ["<=", "≤"],
  ["=~", "matches"],
  ["!~", "does not match"],
  ["exists", "is there"],
  ["missing", "is missing"],
];

export interface ConditionRowProps {
  readonly row: DraftRow;
  readonly range: ResolvedRange;
  /** The other conditions as a query: names and values are offered of the spans that meet them. */
  readonly others: string;
  readonly onChange: (row: DraftRow) => void;
  readonly onRemove: (() => void) | undefined;
  readonly onEnter: () => void;
  /** Adds a row after this one, the last. */
  readonly onAdd: (() => void) | undefined;
}

export function ConditionRow(props: ConditionRowProps): ReactElement {
  const { row, range, others, onChange, onRemove, onEnter, onAdd } = props;
  const [focus, setFocus] = useState<"field" | "value">();
  const names = useTagNames(range, others, focus === "field");
  const reference = readField(row.field)?.text ?? "";
  const found = useTagValues(range, reference, "", others, focus === "value");
  const hasValue = row.operator !== "exists" && row.operator !== "missing";
  const bad = row.field !== "" && row.value !== "" && conditionOfRow(row) === undefined;
  const withoutType = ({ field, operator, value }: DraftRow): DraftRow => ({
    field,
    operator,
    value,
  });
  return (
    <div className={styles.row}>
      <Combobox
        label="Field"
        placeholder="field, such as http.route"
        value={row.field}
        suggestions={fieldSuggestions(names, row.field)}
        onText={(field) => onChange({ ...withoutType(row), field })}
        onCommit={(field) => {
          const whole = readField(field)?.text;
          if (whole !== undefined && whole !== field) onChange({ ...row, field: whole });
        }}
        onFocus={() => setFocus("field")}
      />
      <select
        className={controls.input}
        aria-label="Operator"
        value={row.operator}
        onChange={({ target: { value } }) => {
          const operator = operatorLabels.find(([one]) => one === value)?.[0] ?? "=";
          onChange({ ...row, operator });
        }}
      >
        {operatorLabels.map(([operator, label]) => (
          <option key={operator} value={operator}>
            {label}
          </option>
        ))}
      </select>
      {hasValue ? (
        <div className={styles.value} data-bad={bad || undefined}>
          <Combobox
            label="Value"
            placeholder={placeholderFor(reference)}
            value={row.value}
            suggestions={valueSuggestions(reference, found, row.value)}
            onText={(value) => {
              const known = found.find((one) => one.value === value);
              const type = known === undefined ? undefined : literalTypes[known.type];
              onChange({ ...withoutType(row), value, ...(type === undefined ? {} : { type }) });
            }}
            onCommit={() => {}}
            onEnter={onEnter}
            onFocus={() => setFocus("value")}
          />
          <TypeToggle row={row} onChange={onChange} />
        </div>
      ) : (
        <span />
      )}
      <span className={styles.rowActions}>
        {onRemove !== undefined && (
          <IconButton icon="close" size={13} label="Remove this condition" onClick={onRemove} />
        )}
        {onAdd !== undefined && (
          <Button look="quiet" onClick={onAdd}>
            <Icon name="plus" size={14} /> and
          </Button>
        )}
      </span>
    </div>
  );
}

const literalTypes: Readonly<Record<TagValue["type"], LiteralType | undefined>> = {
  string: "string",
  int: "int",
  float: "float",
  bool: "bool",
  duration: "duration",
  // The words of status and kind follow from the field.
  keyword: undefined,
};

function placeholderFor(field: string): string {
  const type = field === "" ? "unknown" : fieldType(field);
  if (type === "duration") return "250ms";
  if (type === "status") return "error";
  if (type === "kind") return "server";
  return "value";
}

function valueSuggestions(
  field: string,
  found: readonly TagValue[],
  text: string,
): readonly Suggestion[] {
  const type = field === "" ? "unknown" : fieldType(field);
  if (type === "status") return statusCodeNames.map((value) => ({ value }));
  if (type === "kind") return spanKindNames.map((value) => ({ value }));
  if (type === "duration")
    return ["10ms", "100ms", "500ms", "1s", "5s"].map((value) => ({ value }));
  const wanted = text.toLowerCase();
  const isWhole = found.some(({ value }) => value === text);
  const seen = new Set<string>();
  return found
    .filter(({ value }) => {
      if (seen.has(value) || !(isWhole || value.toLowerCase().includes(wanted))) return false;
      seen.add(value);
      return true;
    })
    .map(({ value, count }) => ({ value, ...(count > 0 ? { note: formatCompact(count) } : {}) }));
}

/** Whether `200` is a number or a text: attributes have no type of their own in a query. */
function TypeToggle({
  row,
  onChange,
}: {
  row: DraftRow;
  onChange: (row: DraftRow) => void;
}): ReactElement | undefined {
  const natural = literalOf(row.value).type;
  if (natural === "string" || row.field === "" || fieldType(row.field) !== "unknown")
    return undefined;
  if (row.operator === "=~" || row.operator === "!~") return undefined;
  const isText = row.type === "string";
  return (
    <button
      type="button"
      className={styles.type}
      title={`Compared as ${isText ? "text" : natural === "bool" ? "true or false" : "a number"}; click to change`}
      onClick={() => onChange({ ...row, type: isText ? natural : "string" })}
    >
      {isText ? "text" : natural === "bool" ? "bool" : "number"}
    </button>
  );
}
