// The search box inside a trace: counts matches as one types, Enter and Shift+Enter step through them.

import { type ReactElement, type Ref, useDeferredValue, useEffect, useState } from "react";
import { formatCount } from "../../format/number.ts";
import { currentRoute, navigate } from "../../router/location.ts";
import { printRoute } from "../../router/routes.ts";
import { matchSpans } from "../../trace/search-match.ts";
import { parseSearch } from "../../trace/search-query.ts";
import type { TraceModel } from "../../trace/trace-model.ts";
import type { TraceView, ViewChange } from "../../trace/trace-view.ts";
import { IconButton, Input } from "../../ui/controls.tsx";
import { cx } from "../../ui/cx.ts";
import { Icon } from "../../ui/icon.tsx";
import styles from "./trace.module.css";
import { useViewChanges } from "./use-trace-view.ts";

const watched: readonly ViewChange[] = ["matches", "selection"];

export function TraceSearch({
  model,
  view,
  initial,
  text,
  onText,
  inputRef,
  onLeave,
}: {
  model: TraceModel;
  view: TraceView;
  initial: string;
  text: string;
  onText: (text: string) => void;
  inputRef: Ref<HTMLInputElement>;
  onLeave: () => void;
}): ReactElement {
  const deferred = useDeferredValue(text);
  const [touched, setTouched] = useState(false);
  useViewChanges(view, watched);
  useEffect(() => {
    view.setMatches(matchSpans(model.batch, parseSearch(deferred)));
    const route = currentRoute();
    if (route.name !== "trace" || (!touched && deferred === initial)) return;
    navigate(
      printRoute("trace", route.argument, {
        ...route.params,
        q: deferred === "" ? undefined : deferred,
      }),
      { replace: true },
    );
  }, [model, view, deferred, initial, touched]);
  const rows = view.matches?.rows;
  const index = view.matchIndex;
  return (
    <>
      <div className={styles.searchBox}>
        <Icon name="search" size={14} />
        <Input
          ref={inputRef}
          value={text}
          placeholder="Find spans: words, -not, key=value"
          aria-label="Find spans in this trace"
          onChange={(event) => {
            setTouched(true);
            onText(event.target.value);
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter") view.moveToMatch(event.shiftKey ? -1 : 1);
            else if (event.key === "Escape") {
              if (text === "") onLeave();
              else onText("");
              setTouched(true);
            } else if (event.key === "ArrowDown") onLeave();
            else return;
            event.preventDefault();
            event.stopPropagation();
          }}
        />
        {rows !== undefined && (
          <span className={cx(styles.count, rows.length === 0 && styles.none)} role="status">
            {rows.length === 0
              ? "no match"
              : `${index < 0 ? "–" : formatCount(index + 1)} / ${formatCount(rows.length)}`}
          </span>
        )}
      </div>
      <IconButton
        icon="chevronUp"
        label="Previous match (Shift+Enter)"
        disabled={!rows?.length}
        onClick={() => view.moveToMatch(-1)}
      />
      <IconButton
        icon="chevronDown"
        label="Next match (Enter)"
        disabled={!rows?.length}
        onClick={() => view.moveToMatch(1)}
      />
    </>
  );
}
