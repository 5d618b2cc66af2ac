// Facts of the trace at a glance, and what is odd about it.

import { RowFlag } from "@clew/analysis";
import { formatDuration, oneLine } from "@clew/base";
import { type ReactElement, type ReactNode, useMemo } from "react";
import { formatCount } from "../../format/number.ts";
import { formatInstant, formatIsoNano } from "../../format/time.ts";
import { nameOf, rootRow, serviceOf, type TraceModel } from "../../trace/trace-model.ts";
import { CopyButton, IconButton } from "../../ui/controls.tsx";
import { cx } from "../../ui/cx.ts";
import { Icon } from "../../ui/icon.tsx";
import styles from "./trace.module.css";
import { dropsOf, unfinishedSpans } from "./tracer-notes.ts";

function Fact({
  name,
  title,
  bad,
  children,
}: {
  name: string;
  title?: string;
  bad?: boolean;
  children: ReactNode;
}): ReactElement {
  return (
    <div className={cx(styles.fact, bad && styles.bad)} title={title}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function TraceHeader({
  model,
  onReload,
  reloading,
}: {
  model: TraceModel;
  onReload: () => void;
  reloading: boolean;
}): ReactElement {
  const { layout } = model;
  const root = rootRow(model);
  return (
    <header className={styles.header}>
      <div className={styles.title}>
        <h1>
          <bdi>{serviceOf(model, root)}</bdi>
          <bdi title={nameOf(model, root)}>{nameOf(model, root)}</bdi>
        </h1>
        <div className={styles.id}>
          <code>{model.traceId}</code>
          <CopyButton text={model.traceId} label="Copy the trace id" />
          <IconButton
            icon="refresh"
            size={14}
            label="Load again: late spans may have arrived"
            onClick={onReload}
            disabled={reloading}
          />
        </div>
      </div>
      <dl className={styles.facts}>
        <Fact name="Start" title={formatIsoNano(layout.startNano)}>
          {formatInstant(layout.startNano)}
        </Fact>
        <Fact name="Duration">{formatDuration(layout.durationNano)}</Fact>
        <Fact name="Services">{layout.services.length}</Fact>
        <Fact name="Spans">{formatCount(layout.spanCount)}</Fact>
        <Fact name="Depth">{formatCount(layout.maxDepth + 1)}</Fact>
        <Fact name="Errors" bad={layout.errorCount > 0}>
          {layout.errorCount > 0 && <Icon name="error" size={14} />}
          {formatCount(layout.errorCount)}
        </Fact>
      </dl>
    </header>
  );
}

interface Notice {
  readonly text: string;
  /** The first row that it is about, if it is about rows. */
  readonly row?: number;
}

/** What tracers say about spans that they lost or could not end. */
function tracerNotices({ batch, layout }: TraceModel): readonly Notice[] {
  const notices: Notice[] = [];
  const { spans, services } = dropsOf(batch);
  if (spans > 0) {
    const which = services.map((name) => oneLine(name, 60)).join(", ");
    const count = spans === 1 ? "1 span was" : `${formatCount(spans)} spans were`;
    notices.push({
      text: `${count} dropped by ${which} about that time; some may belong to this trace`,
    });
  }
  const unfinished = unfinishedSpans(batch);
  const [first] = unfinished;
  if (first !== undefined) {
    const count =
      unfinished.length === 1 ? "1 span was" : `${formatCount(unfinished.length)} spans were`;
    const row = layout.rowOfSpan[first] as number;
    notices.push({ row, text: `${count} still open when the process ended` });
  }
  return notices;
}

export function TraceNotices({
  model,
  onSelect,
}: {
  model: TraceModel;
  onSelect: (row: number) => void;
}): ReactElement | undefined {
  const { layout } = model;
  const ofTracer = useMemo(() => tracerNotices(model), [model]);
  const notices: Notice[] = [...ofTracer];
  const count = (flag: number): number =>
    layout.flags.reduce((sum, flags) => sum + (flags & flag ? 1 : 0), 0);
  const add = (flag: number, one: string, many: string): void => {
    const n = count(flag);
    const row = layout.flags.findIndex((flags) => (flags & flag) !== 0);
    if (n > 0) notices.push({ row, text: n === 1 ? one : many.replace("#", formatCount(n)) });
  };
  if (layout.orphanCount > 0)
    add(
      RowFlag.Placeholder,
      "1 parent span is missing; it may still arrive",
      "# parent spans are missing; they may still arrive",
    );
  if (layout.warningCount > 0) {
    add(
      RowFlag.Skewed,
      "1 span starts before its parent (clock skew)",
      "# spans start before their parent (clock skew)",
    );
    add(RowFlag.Negative, "1 span ends before it starts", "# spans end before they start");
    add(RowFlag.Duplicate, "1 span id is used twice", "# spans share an id with another");
    add(RowFlag.Cycle, "1 circle of parents was cut open", "# circles of parents were cut open");
  }
  if (notices.length === 0) return undefined;
  return (
    <div className={styles.notices} role="status">
      {notices.map(({ text, row }) => (
        <span key={text} className={styles.notice}>
          <Icon name="warning" size={14} /> {text}
          {row !== undefined && (
            <button type="button" onClick={() => onSelect(row)}>
              show
            </button>
          )}
        </span>
      ))}
    </div>
  );
}
