// compare(): the attributes that set the selected spans apart from the others, the most telling first.

import { oneLine } from "@clew/base";
import { type Compare, references } from "@clew/traceql";
import { type ReactElement, useMemo, useState } from "react";
import { useTraceqlMetrics } from "../../../api/traceql-queries.ts";
import { formatCompact, formatShare } from "../../../format/number.ts";
import { formatInstant } from "../../../format/time.ts";
import {
  type ComparedAttribute,
  type Comparison,
  comparisonOf,
} from "../../../query/comparison.ts";
import { filterText } from "../../../query/rewrite.ts";
import { conditionOfValue } from "../../../query/typed-text.ts";
import { Button } from "../../../ui/controls.tsx";
import { EmptyState } from "../../../ui/states.tsx";
import styles from "../query.module.css";
import { QueryText } from "../welcome.tsx";
import type { AnswerProps } from "./answer-props.ts";
import compare from "./compare.module.css";
import { MetricsFrame } from "./metrics-frame.tsx";
import { PartialNote } from "./partial.tsx";
import { ValueCell } from "./value-cell.tsx";

// Attributes after these hardly differ; they are a click away.
const mostShown = 12;
const mostValues = 5;

export function CompareAnswer(props: AnswerProps): ReactElement {
  const { text, range } = props;
  const answer = useTraceqlMetrics({ q: text, range }, true);
  const { data } = answer;
  const made = useMemo(() => (data === undefined ? undefined : comparisonOf(data.series)), [data]);
  return (
    <MetricsFrame props={props} answer={answer} loading={{ lines: 10, label: "Comparing" }}>
      {made !== undefined && (
        <>
          <PartialNote message={data?.partial} />
          <Sides props={props} made={made} />
        </>
      )}
    </MetricsFrame>
  );
}

function compareOf({ query }: AnswerProps): Compare | undefined {
  if (query.kind !== "metrics" || query.expression.kind !== "series") return undefined;
  const { function: fn } = query.expression;
  return fn.kind === "compare" ? fn : undefined;
}

function Sides({ props, made }: { props: AnswerProps; made: Comparison }): ReactElement {
  const [shown, setShown] = useState(mostShown);
  const fn = compareOf(props);
  const { selection, baseline } = made;
  // What the selection itself says cannot explain it.
  const given = new Set(fn === undefined ? [] : references(fn.selection).map(({ text }) => text));
  const telling = made.attributes.filter(
    ({ name, values }) => values.length > 0 && !given.has(name),
  );
  if (selection === 0 || baseline === 0)
    return (
      <EmptyState
        title={selection === 0 ? "No span is in the selection" : "All spans are in the selection"}
      >
        There is nothing to compare: change the filter in <code>compare(…)</code>, or the time
        range.
      </EmptyState>
    );
  return (
    <>
      <div className={styles.resultBar}>
        <span role="status" className={compare.sides}>
          <i className={compare.selection} />
          <strong>{formatCompact(selection)} spans</strong>
          {fn !== undefined && <QueryText text={filterText(fn.selection)} />}
          {fn?.window !== undefined && (
            <span>
              {formatInstant(fn.window.start)} – {formatInstant(fn.window.end)}
            </span>
          )}
          <span>against</span>
          <i className={compare.baseline} />
          <strong>{formatCompact(baseline)} others</strong>
        </span>
      </div>
      <p className={compare.lead}>
        The attributes whose values differ most come first. A bar is the share of its side: the more
        the two bars of a value differ, the more it tells.
      </p>
      <ol className={compare.list}>
        {telling.slice(0, shown).map((attribute) => (
          <Attribute key={attribute.name} attribute={attribute} made={made} props={props} />
        ))}
      </ol>
      {telling.length > shown && (
        <div className={compare.more}>
          <Button onClick={() => setShown(telling.length)}>
            Show {telling.length - shown} more attributes
          </Button>
        </div>
      )}
    </>
  );
}

function Attribute({
  attribute,
  made,
  props,
}: {
  attribute: ComparedAttribute;
  made: Comparison;
  props: AnswerProps;
}): ReactElement {
  const [open, setOpen] = useState(false);
  const { name, values, difference, hasTooMany } = attribute;
  const shown = open ? values : values.slice(0, mostValues);
  const lacking =
    made.selection - attribute.selection > 0 || made.baseline - attribute.baseline > 0;
  return (
    <li className={compare.attribute}>
      <h3>
        <code>
          <bdi>{oneLine(name, 120)}</bdi>
        </code>
        <span title="Greatest difference of shares over its values">
          differs by {formatShare(difference)}
        </span>
      </h3>
      <div className={compare.values}>
        {shown.map((value) => (
          <div
            key={conditionOfValue(value.label) ?? String(value.selection)}
            className={compare.row}
          >
            <ValueCell value={value.label} actions={props.actions} />
            <Bar side="selection" count={value.selection} whole={made.selection} />
            <Bar side="baseline" count={value.baseline} whole={made.baseline} />
          </div>
        ))}
        {lacking && open && (
          <div className={compare.row}>
            <em>not there</em>
            <Bar
              side="selection"
              count={made.selection - attribute.selection}
              whole={made.selection}
            />
            <Bar side="baseline" count={made.baseline - attribute.baseline} whole={made.baseline} />
          </div>
        )}
      </div>
      {(values.length > mostValues || lacking) && (
        <Button look="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open
            ? "Show less"
            : values.length > mostValues
              ? `All ${values.length} values`
              : "Spans without it"}
        </Button>
      )}
      {hasTooMany && <small>It has too many values to count them all.</small>}
    </li>
  );
}

function Bar({
  side,
  count,
  whole,
}: {
  side: "selection" | "baseline";
  count: number;
  whole: number;
}): ReactElement {
  const share = whole === 0 ? 0 : Math.max(0, count) / whole;
  return (
    <span className={compare.bar} title={`${formatCompact(count)} spans of the ${side}`}>
      <i className={compare[side]} style={{ width: `${Math.min(100, share * 100)}%` }} />
      <b>{formatShare(share)}</b>
    </span>
  );
}
