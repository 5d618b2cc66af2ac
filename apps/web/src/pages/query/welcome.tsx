// What the page shows before the first query: examples, each with the question it answers. And the recent queries.

import { oneLine } from "@clew/base";
import { tokens } from "@clew/traceql";
import { type ReactElement, type ReactNode, useCallback, useState } from "react";
import { exampleGroups } from "../../query/examples.ts";
import { forgetHistory, readHistory } from "../../query/history.ts";
import { Button } from "../../ui/controls.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Popover } from "../../ui/overlay.tsx";
import styles from "./query.module.css";

export function Examples({ onPick }: { onPick: (query: string) => void }): ReactElement {
  return (
    <section className={styles.examples} aria-label="Examples">
      <h2>Ask anything about your traces</h2>
      <p>
        A query names spans between braces and says what to do with them. Build one above, type one,
        or begin with one of these.
      </p>
      <div className={styles.exampleGroups}>
        {exampleGroups.map(({ title, examples }) => (
          <section key={title}>
            <h3>{title}</h3>
            <ul>
              {examples.map(({ question, query }) => (
                <li key={query}>
                  <button type="button" onClick={() => onPick(query)}>
                    <span>{question}</span>
                    <QueryText text={query} />
                  </button>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </section>
  );
}

/** A query in the colours of the bar. */
export function QueryText({ text }: { text: string }): ReactElement {
  const parts: ReactNode[] = [];
  let done = 0;
  for (const { at, class: kind } of tokens(text)) {
    if (at.start > done) parts.push(text.slice(done, at.start));
    parts.push(
      <span key={at.start} className={styles[`tq-${kind}`]}>
        {oneLine(text.slice(at.start, at.end), 400)}
      </span>,
    );
    done = at.end;
  }
  return <code className={styles.queryText}>{parts}</code>;
}

/** The recent queries, in a popover. */
export function RecentMenu({ onPick }: { onPick: (query: string) => void }): ReactElement {
  const [open, setOpen] = useState(false);
  const close = useCallback(() => setOpen(false), []);
  const list = open ? readHistory() : [];
  return (
    <Popover
      open={open}
      onClose={close}
      label="Recent queries"
      align="left"
      trigger={
        <Button
          look="quiet"
          aria-haspopup="dialog"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          <Icon name="history" size={14} /> Recent
        </Button>
      }
    >
      <div className={styles.recent}>
        {list.length === 0 && <p>Queries that you run are kept here, in this browser only.</p>}
        {list.map((query) => (
          <button
            key={query}
            type="button"
            onClick={() => {
              close();
              onPick(query);
            }}
          >
            <QueryText text={query} />
          </button>
        ))}
        {list.length > 0 && (
          <Button
            look="quiet"
            onClick={() => {
              forgetHistory();
              close();
            }}
          >
            Forget them
          </Button>
        )}
      </div>
    </Popover>
  );
}
