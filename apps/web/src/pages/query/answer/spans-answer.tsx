// Traces and spans that a query finds.

import type { ResultTrace } from "@clew/model";
import type { Query } from "@clew/traceql";
import { type ReactElement, useMemo, useState } from "react";
import { useTraceqlSearch } from "../../../api/traceql-queries.ts";
import { selected, withSelect, withShown } from "../../../query/rewrite.ts";
import type { ResolvedRange } from "../../../router/time-range.ts";
import { Button } from "../../../ui/controls.tsx";
import { Loading, Progress } from "../../../ui/states.tsx";
import { FieldAdder } from "../builder/field-adder.tsx";
import styles from "../query.module.css";
import type { QueryActions } from "../query-actions.ts";
import type { AnswerProps } from "./answer-props.ts";
import { NothingFound, Unanswered } from "./answer-states.tsx";
import { AnswerTabs, currentTab } from "./answer-tabs.tsx";
import { CostLine } from "./cost-line.tsx";
import type { MoreRows } from "./more.tsx";
import { SpanTable } from "./span-table.tsx";
import { TraceResults } from "./trace-results.tsx";
import { VolumeStrip } from "./volume-strip.tsx";

export function SpansAnswer(props: AnswerProps): ReactElement {
  const { text, query, params, range, actions, onFailure } = props;
  const tab = currentTab("spans", params.view);
  const isFlat = tab.view === "spans";
  const { sort = "newest" } = params;
  // Service and status are shown whether the query names them or not.
  const asked = useMemo(() => withShown(query, text), [query, text]);
  const answer = useTraceqlSearch(
    { q: asked, range, sort, limit: isFlat ? 100 : 50, spans: isFlat ? 100 : 20 },
    true,
  );
  const traces = useMemo(
    () => answer.data?.pages.flatMap((page) => page.traces) ?? [],
    [answer.data],
  );
  const [allOpen, setAllOpen] = useState(false);
  const cost = answer.data?.pages.at(-1)?.cost;
  const more: MoreRows = {
    hasMore: answer.hasNextPage,
    isLoading: answer.isFetchingNextPage,
    error: answer.isFetchNextPageError ? answer.error : undefined,
    onMore: () => void answer.fetchNextPage(),
  };
  return (
    <section className={styles.answer} aria-label="Answer">
      <Progress active={answer.isFetching && !answer.isPending} />
      <AnswerTabs text={text} query={query} tab={tab} actions={actions}>
        <CostLine cost={cost} />
      </AnswerTabs>
      {answer.isPending && answer.fetchStatus === "fetching" && (
        <Loading lines={12} label="Searching" />
      )}
      {traces.length === 0 &&
        (answer.isError || (answer.isPending && answer.fetchStatus === "idle")) && (
          <Unanswered
            error={answer.error}
            onRetry={() => void answer.refetch()}
            onFailure={onFailure}
          />
        )}
      {answer.isSuccess && traces.length === 0 && <NothingFound actions={actions} />}
      {traces.length > 0 && (
        <>
          <VolumeStrip {...props} />
          <div className={styles.resultBar}>
            <span role="status">{countText(traces, answer.hasNextPage, isFlat)}</span>
            <span className={styles.space} />
            {isFlat && <AddColumn query={query} range={range} actions={actions} />}
            {!isFlat && (
              <Button look="quiet" aria-pressed={allOpen} onClick={() => setAllOpen(!allOpen)}>
                {allOpen ? "Close all" : "Open all"}
              </Button>
            )}
            <Order sort={sort} onSort={(next) => actions.set({ sort: next })} />
          </div>
          {isFlat ? (
            <SpanTable traces={traces} query={query} actions={actions} more={more} />
          ) : (
            <TraceResults
              key={String(allOpen)}
              traces={traces}
              allOpen={allOpen}
              actions={actions}
              more={more}
            />
          )}
        </>
      )}
    </section>
  );
}

/** A further field of each span, as part of the query. */
function AddColumn({
  query,
  range,
  actions,
}: {
  query: Query;
  range: ResolvedRange;
  actions: QueryActions;
}): ReactElement {
  const fields = selected(query);
  return (
    <div className={styles.addColumn}>
      <FieldAdder
        label="Add a column"
        placeholder="add a column"
        range={range}
        filter="{ }"
        taken={fields}
        onAdd={(field) => {
          const text = withSelect(query, [...fields, field]);
          if (text !== undefined) actions.run(text);
        }}
      />
    </div>
  );
}

function countText(traces: readonly ResultTrace[], hasMore: boolean, isFlat: boolean): string {
  const plus = hasMore ? "+" : "";
  const inTraces = `${traces.length}${plus} ${traces.length === 1 && !hasMore ? "trace" : "traces"}`;
  const sets = traces.flatMap(({ spansets }) => spansets);
  const matched = sets.reduce((sum, one) => sum + one.matched, 0);
  const shown = sets.reduce((sum, one) => sum + one.spans.length, 0);
  const spans = `${matched.toLocaleString("en-US")}${plus} ${matched === 1 ? "span" : "spans"}`;
  if (!isFlat) return `${inTraces} with ${spans} that match`;
  const cut = shown < matched ? `, ${shown.toLocaleString("en-US")} of them shown` : "";
  return `${spans} in ${inTraces}${cut}`;
}

function Order({
  sort,
  onSort,
}: {
  sort: "newest" | "slowest";
  onSort: (sort: "slowest" | undefined) => void;
}): ReactElement {
  return (
    <span className={styles.order}>
      <Button
        look="quiet"
        on={sort === "newest"}
        aria-pressed={sort === "newest"}
        onClick={() => onSort(undefined)}
      >
        Newest
      </Button>
      <Button
        look="quiet"
        on={sort === "slowest"}
        aria-pressed={sort === "slowest"}
        onClick={() => onSort("slowest")}
      >
        Slowest
      </Button>
    </span>
  );
}
