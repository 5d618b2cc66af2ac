// The builder: conditions, a structure and a measure as fields to fill. What it builds is the text of the query;
// a text that it cannot show it leaves alone, and says why.

import { type ReactElement, useMemo, useState } from "react";
import { emptyBuilder, type Relation, relations } from "../../../query/builder-model.ts";
import { printBuilder, printCondition } from "../../../query/builder-print.ts";
import { faulty, readBuilder } from "../../../query/builder-read.ts";
import { filterQueryText } from "../../../query/filter-text.ts";
import type { ResolvedRange } from "../../../router/time-range.ts";
import controls from "../../../ui/controls.module.css";
import { Button } from "../../../ui/controls.tsx";
import styles from "./builder.module.css";
import {
  builderOfDraft,
  conditionOfRow,
  type DraftBuilder,
  type DraftRow,
  draftOf,
  emptyRow,
} from "./builder-draft.ts";
import { ConditionRow } from "./condition-row.tsx";
import { MeasureFields } from "./measure-fields.tsx";

const relationLabels: Readonly<Record<Relation, string>> = {
  ">": "their children where",
  ">>": "all spans below them where",
  "<": "their parents where",
  "<<": "all spans above them where",
  "~": "their siblings where",
  "!>": "spans that are not their children where",
  "!>>": "spans that are not below them where",
};

interface Shown {
  readonly text: string;
  /** Absent for a query that the builder cannot show. */
  readonly draft: DraftBuilder | undefined;
  /** What it showed last. */
  readonly last: DraftBuilder | undefined;
  readonly reason: string;
}

/** What the builder shows for a text; while a text has a fault it shows what it showed last. */
function shownFor(text: string, last: DraftBuilder | undefined): Shown {
  const showing = (draft: DraftBuilder): Shown => ({ text, draft, last: draft, reason: "" });
  if (text.trim() === "") return showing(withRow(draftOf(emptyBuilder)));
  const read = readBuilder(text);
  if ("builder" in read) return showing(withRow(draftOf(read.builder)));
  return { text, draft: read.isFaulty ? last : undefined, last, reason: read.reason };
}

/** A row to begin with where there is none. */
function withRow(draft: DraftBuilder): DraftBuilder {
  return {
    ...draft,
    spans: draft.spans.length === 0 ? [emptyRow] : draft.spans,
    ...(draft.structure === undefined || draft.structure.spans.length > 0
      ? {}
      : { structure: { ...draft.structure, spans: [emptyRow] } }),
  };
}

export function BuilderPanel({
  text,
  isTyped,
  onText,
  onRun,
  range,
}: {
  text: string;
  /** The text has not run yet. */
  isTyped: boolean;
  onText: (text: string) => void;
  onRun: (text: string) => void;
  range: ResolvedRange;
}): ReactElement {
  const [state, setState] = useState(() => shownFor(text, undefined));
  const shown = state.text === text ? state : shownFor(text, state.last);
  if (shown !== state) setState(shown);
  const { reason } = shown;
  // While one types, what it showed last stays, faint, so that the page does not jump.
  const draft = shown.draft ?? (isTyped ? shown.last : undefined);
  const filters = useMemo(() => (draft === undefined ? [] : draft.spans.map(rowText)), [draft]);
  if (draft === undefined)
    return (
      <div className={styles.reason}>
        <span>
          The builder cannot show this query: {reason}.{" "}
          {reason === faulty ? "" : "It runs as it is written."}
        </span>
        <Button look="quiet" onClick={() => onText("{ }")}>
          Start anew
        </Button>
      </div>
    );
  const change = (next: DraftBuilder): void => {
    const made = printBuilder(builderOfDraft(next));
    setState({ text: made, draft: next, last: next, reason: "" });
    onText(made);
  };
  const { structure, measure } = draft;
  const run = (): void => onRun(printBuilder(builderOfDraft(draft)));
  const measureFields = (
    <MeasureFields
      measure={measure}
      range={range}
      filter={filterQueryText(filters.filter((one) => one !== ""))}
      onChange={(next) => change({ ...draft, measure: next })}
    />
  );
  return (
    <div className={styles.builder} data-stale={reason !== "" || undefined}>
      <div className={styles.line}>
        <span className={styles.word}>Spans where</span>
        <Rows
          rows={draft.spans}
          range={range}
          onChange={(spans) => change({ ...draft, spans })}
          onEnter={run}
        />
      </div>
      <div className={styles.line}>
        <span className={styles.word}>Show</span>
        <div className={styles.rows}>
          <div className={styles.measure}>
            <RelationSelect draft={draft} onChange={change} />
            {structure === undefined && measureFields}
          </div>
          {structure !== undefined && (
            <Rows
              rows={structure.spans}
              range={range}
              onChange={(spans) => change({ ...draft, structure: { ...structure, spans } })}
              onEnter={run}
            />
          )}
        </div>
      </div>
      {structure !== undefined && (
        <div className={styles.line}>
          <span />
          <div className={styles.measure}>{measureFields}</div>
        </div>
      )}
    </div>
  );
}

function RelationSelect({
  draft: { structure, ...rest },
  onChange,
}: {
  draft: DraftBuilder;
  onChange: (draft: DraftBuilder) => void;
}): ReactElement {
  return (
    <select
      className={controls.input}
      aria-label="Relation"
      value={structure?.relation ?? ""}
      onChange={({ target: { value } }) => {
        const relation = relations.find((one) => one === value);
        const spans = structure?.spans ?? [emptyRow];
        onChange(relation === undefined ? rest : { ...rest, structure: { relation, spans } });
      }}
    >
      <option value="">these spans</option>
      {relations.map((one) => (
        <option key={one} value={one}>
          {relationLabels[one]}
        </option>
      ))}
    </select>
  );
}

function rowText(row: DraftRow): string {
  const condition = conditionOfRow(row);
  return condition === undefined ? "" : printCondition(condition);
}

function Rows({
  rows,
  range,
  onChange,
  onEnter,
}: {
  rows: readonly DraftRow[];
  range: ResolvedRange;
  onChange: (rows: readonly DraftRow[]) => void;
  onEnter: () => void;
}): ReactElement {
  const texts = rows.map(rowText);
  return (
    <div className={styles.rows}>
      {rows.map((row, i) => (
        <ConditionRow
          // Rows have no identity but their place.
          key={i}
          row={row}
          range={range}
          others={filterQueryText(texts.filter((one, at) => at !== i && one !== ""))}
          onChange={(next) => onChange(rows.map((one, at) => (at === i ? next : one)))}
          onRemove={
            rows.length === 1 && row === emptyRow
              ? undefined
              : () => onChange(rows.length === 1 ? [emptyRow] : rows.filter((_, at) => at !== i))
          }
          onEnter={onEnter}
          onAdd={i === rows.length - 1 ? () => onChange([...rows, emptyRow]) : undefined}
        />
      ))}
    </div>
  );
}
