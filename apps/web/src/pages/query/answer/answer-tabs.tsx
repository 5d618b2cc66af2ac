// The ways to look at the spans of a query. A tab is a query of its own: it changes what the query asks, and keeps
// the spans that it is about.

import type { Query } from "@clew/traceql";
import { type ReactElement, type ReactNode, useMemo } from "react";
import { type AnswerKind, answerKind, retarget } from "../../../query/rewrite.ts";
import type { QueryView } from "../../../router/routes.ts";
import { cx } from "../../../ui/cx.ts";
import styles from "../query.module.css";
import type { QueryActions } from "../query-actions.ts";

export interface AnswerTab {
  readonly kind: AnswerKind;
  /** Absent for the view that is the kind's own. */
  readonly view?: QueryView;
  readonly label: string;
}

export const answerTabs: readonly AnswerTab[] = [
  { kind: "spans", label: "Traces" },
  { kind: "spans", view: "spans", label: "Spans" },
  { kind: "series", label: "Time series" },
  { kind: "series", view: "table", label: "Table" },
  { kind: "heat", label: "Heat map" },
  { kind: "compare", label: "Compare" },
];

/** The tab that is open; a view that the kind of answer has not is ignored. */
export function currentTab(kind: AnswerKind, view: QueryView | undefined): AnswerTab {
  const own = answerTabs.filter((tab) => tab.kind === kind);
  return own.find((tab) => tab.view === view) ?? (own[0] as AnswerTab);
}

/** What the tab after the open one runs. */
export function nextTab(
  query: Query,
  view: QueryView | undefined,
): { readonly text: string; readonly view: QueryView | undefined } | undefined {
  const at = answerTabs.indexOf(currentTab(answerKind(query), view));
  const tab = answerTabs[(at + 1) % answerTabs.length] as AnswerTab;
  const text = retarget(query, tab.kind);
  return text === undefined ? undefined : { text, view: tab.view };
}

export function AnswerTabs({
  text,
  query,
  tab,
  actions,
  children,
}: {
  text: string;
  query: Query;
  tab: AnswerTab;
  actions: QueryActions;
  children?: ReactNode;
}): ReactElement {
  const texts = useMemo(
    () => answerTabs.map((one) => (one.kind === tab.kind ? text : retarget(query, one.kind))),
    [query, tab, text],
  );
  return (
    <div className={styles.tabs}>
      <nav aria-label="Ways to look at the answer">
        {answerTabs.map((one, i) => {
          const target = texts[i];
          return (
            <button
              key={one.label}
              type="button"
              className={cx(styles.tab, one === tab && styles.tabOn)}
              aria-current={one === tab ? "true" : undefined}
              disabled={target === undefined}
              title={one.kind === tab.kind ? undefined : target}
              onClick={() => {
                if (target !== undefined) actions.run(target, { view: one.view });
              }}
            >
              {one.label}
            </button>
          );
        })}
      </nav>
      {children}
    </div>
  );
}
