// The frame of every answer that is made of series: tabs with the cost, and what stands there while it is
// computed, when it failed and when it was cancelled.

import type { TraceqlMetricsResult } from "@clew/model";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactElement, ReactNode } from "react";
import { answerKind } from "../../../query/rewrite.ts";
import { Loading, Progress } from "../../../ui/states.tsx";
import styles from "../query.module.css";
import type { AnswerProps } from "./answer-props.ts";
import { Unanswered } from "./answer-states.tsx";
import { AnswerTabs, currentTab } from "./answer-tabs.tsx";
import { CostLine } from "./cost-line.tsx";

export function MetricsFrame({
  props: { text, query, params, actions, onFailure },
  answer,
  loading = { lines: 8, label: "Computing" },
  children,
}: {
  props: AnswerProps;
  answer: UseQueryResult<TraceqlMetricsResult>;
  loading?: { readonly lines: number; readonly label: string };
  children: ReactNode;
}): ReactElement {
  const { data } = answer;
  return (
    <section className={styles.answer} aria-label="Answer">
      <Progress active={answer.isFetching && !answer.isPending} />
      <AnswerTabs
        text={text}
        query={query}
        tab={currentTab(answerKind(query), params.view)}
        actions={actions}
      >
        <CostLine cost={data?.cost} />
      </AnswerTabs>
      {answer.isPending && answer.fetchStatus === "fetching" && <Loading {...loading} />}
      {data === undefined && (answer.isError || answer.fetchStatus === "idle") && (
        <Unanswered
          error={answer.error}
          onRetry={() => void answer.refetch()}
          onFailure={onFailure}
        />
      )}
      {children}
    </section>
  );
}
