// histogram_over_time as a heat map. A box drawn on it becomes conditions on the value and a time range.

import { formatDuration, oneLine } from "@clew/base";
import type { MetricSeries } from "@clew/model";
import { parse, type RangeAggregate } from "@clew/traceql";
import { type ReactElement, useMemo, useState } from "react";
import { useTraceqlMetrics } from "../../../api/traceql-queries.ts";
import { HeatMap, type HeatRegion } from "../../../charts/heat-map.tsx";
import { clockLabel } from "../../../charts/plot-scale.ts";
import { formatCompact } from "../../../format/number.ts";
import { heatGroups, heatmapOf } from "../../../query/heat.ts";
import { compareText, narrow, retarget } from "../../../query/rewrite.ts";
import { durationText } from "../../../query/search-text.ts";
import { isDuration } from "../../../query/series.ts";
import { stepFor } from "../../../router/time-range.ts";
import controls from "../../../ui/controls.module.css";
import { Button, IconButton } from "../../../ui/controls.tsx";
import { EmptyState } from "../../../ui/states.tsx";
import styles from "../query.module.css";
import type { AnswerProps } from "./answer-props.ts";
import { NothingFound } from "./answer-states.tsx";
import { MetricsFrame } from "./metrics-frame.tsx";
import { PartialNote } from "./partial.tsx";

export function HeatAnswer(props: AnswerProps): ReactElement {
  const { text, range, actions } = props;
  const step = stepFor(range, 120);
  const answer = useTraceqlMetrics({ q: text, range, stepNano: step }, true);
  const { data } = answer;
  const isEmpty = data?.series.every(({ samples }) => samples.every(({ value }) => value === 0));
  return (
    <MetricsFrame props={props} answer={answer}>
      {isEmpty === true && <NothingFound actions={actions} />}
      {data !== undefined && isEmpty === false && (
        <>
          <PartialNote message={data.partial} />
          <HeatView props={props} series={data.series} step={step} />
        </>
      )}
    </MetricsFrame>
  );
}

function argumentOf({ query }: AnswerProps): RangeAggregate["argument"] {
  if (query.kind !== "metrics" || query.expression.kind !== "series") return undefined;
  const { function: fn } = query.expression;
  return fn.kind === "range" ? fn.argument : undefined;
}

function HeatView({
  props,
  series,
  step,
}: {
  props: AnswerProps;
  series: readonly MetricSeries[];
  step: number;
}): ReactElement {
  const [group, setGroup] = useState<string>();
  const [region, setRegion] = useState<HeatRegion>();
  const field = argumentOf(props);
  const isTime = isDuration(field);
  const groups = useMemo(() => heatGroups(series), [series]);
  const known = group !== undefined && groups.includes(group) ? group : undefined;
  const scale = isTime ? 1e9 : 1;
  const map = useMemo(() => heatmapOf(series, step, scale, known), [series, step, scale, known]);
  const spans = map.counts.reduce((sum, column) => sum + column.reduce((a, b) => a + b, 0), 0);
  return (
    <>
      <div className={styles.resultBar}>
        <span role="status">
          {oneLine(field?.text ?? "duration", 60)} of {formatCompact(spans)} spans
        </span>
        {groups.length > 1 && (
          <select
            className={controls.input}
            style={{ width: "auto", maxWidth: 320 }}
            aria-label="Group"
            value={known ?? ""}
            onChange={({ target: { value } }) => setGroup(value === "" ? undefined : value)}
          >
            <option value="">all {groups.length} groups</option>
            {groups.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        )}
        <span className={styles.space} />
        <span className={styles.keysHint}>Each row holds twice the value of the one below</span>
      </div>
      <div className={styles.chartBox}>
        {map.counts.length === 0 ? (
          <EmptyState title="No values in this group" />
        ) : (
          <HeatMap
            map={map}
            onRegion={setRegion}
            {...(isTime ? {} : { format: formatCompact })}
            {...(region === undefined ? {} : { region })}
          />
        )}
      </div>
      <RegionBar
        props={props}
        field={field?.text ?? "duration"}
        isTime={isTime}
        region={region}
        onClose={() => setRegion(undefined)}
      />
    </>
  );
}

/** Conditions that the values of a region meet. */
function regionConditions(
  field: string,
  isTime: boolean,
  { minNano, maxNano }: HeatRegion,
): readonly string[] {
  const print = (value: number): string =>
    isTime ? durationText(value) : String(Math.max(0, Math.round(value)));
  return [`${field} >= ${print(minNano)}`, `${field} <= ${print(maxNano)}`];
}

function RegionBar({
  props: { query, actions },
  field,
  isTime,
  region,
  onClose,
}: {
  props: AnswerProps;
  field: string;
  isTime: boolean;
  region: HeatRegion | undefined;
  onClose: () => void;
}): ReactElement {
  if (region === undefined)
    return (
      <p className={styles.boxHint}>
        Draw a box over what looks odd: see its traces, or what sets them apart from the rest.
      </p>
    );
  const format = (value: number): string => (isTime ? formatDuration(value) : formatCompact(value));
  const conditions = regionConditions(field, isTime, region);
  const times = {
    from: new Date(region.fromMs).toISOString(),
    to: new Date(region.toMs).toISOString(),
  };
  const narrowed = narrow(query, conditions);
  const compared = compareText(query, conditions, {
    startNano: BigInt(Math.floor(region.fromMs)) * 1_000_000n,
    endNano: BigInt(Math.ceil(region.toMs)) * 1_000_000n,
  });
  return (
    <div className={styles.box} role="group" aria-label="The box">
      <span role="status">
        <strong>
          {format(region.minNano)} – {format(region.maxNano)}
        </strong>{" "}
        from {clockLabel(region.fromMs, 1000)} to {clockLabel(region.toMs, 1000)}
      </span>
      <Button
        look="primary"
        onClick={() => {
          const text = retarget(parse(narrowed), "spans");
          if (text !== undefined) actions.run(text, { ...times, view: undefined, sort: "slowest" });
        }}
      >
        Show its traces
      </Button>
      {compared !== undefined && (
        <Button onClick={() => actions.run(compared)}>What sets it apart?</Button>
      )}
      <Button onClick={() => actions.run(narrowed, times)}>Zoom in</Button>
      <IconButton icon="close" label="Forget the box" onClick={onClose} />
    </div>
  );
}
