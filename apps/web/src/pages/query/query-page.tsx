// /query: a question in TraceQL, typed or built, and its answer. The text of the query is the state: it stands in
// the address with the range, the order and the view.

import { oneLine } from "@clew/base";
import { useIsFetching, useQueryClient } from "@tanstack/react-query";
import { type ReactElement, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { queryBindings } from "../../keyboard/bindings.ts";
import { useKeys } from "../../keyboard/use-keys.ts";
import { readHistory, remember } from "../../query/history.ts";
import { narrow } from "../../query/rewrite.ts";
import { navigate } from "../../router/location.ts";
import { refreshNow, useRange } from "../../router/range-clock.ts";
import { printRoute, type RouteParams } from "../../router/routes.ts";
import { Button } from "../../ui/controls.tsx";
import { Icon } from "../../ui/icon.tsx";
import { isBoolean, useStored } from "../../ui/use-stored.ts";
import { Answer } from "./answer/answer.tsx";
import { nextTab } from "./answer/answer-tabs.tsx";
import { BuilderPanel } from "./builder/builder-panel.tsx";
import { QueryEditor, type QueryEditorHandle } from "./editor/query-editor.tsx";
import styles from "./query.module.css";
import type { QueryActions } from "./query-actions.ts";
import { faultOfError, type QueryFault, readQuery } from "./query-fault.ts";
import { Examples, RecentMenu } from "./welcome.tsx";

type Params = RouteParams<"query">;

// A fault is told when typing pauses: half a word is no mistake yet.
const pauseMs = 700;

export default function QueryPage({ params }: { params: Params }): ReactElement {
  const { q = "" } = params;
  const range = useRange();
  const client = useQueryClient();
  const editor = useRef<QueryEditorHandle>(null);
  const [draft, setDraft] = useDraft(q);
  const [told, setFault] = useFault(draft);
  const [building, setBuilding] = useStored("query.builder", true, isBoolean);
  const recall = useRecall(draft);
  const isRunning = useIsFetching({ queryKey: ["traceql"] }) > 0 && q !== "";
  const read = useMemo(() => (q === "" ? undefined : readQuery(q)), [q]);

  // What stands in the address is meant as it is; nobody is typing it.
  const fault = told ?? (draft === q ? read?.fault : undefined);

  // However it came here: typed, clicked together or by a link.
  const isSound = read?.query !== undefined;
  useEffect(() => {
    if (isSound) remember(q);
  }, [q, isSound]);

  const run = (text: string, change: Partial<Params> = {}): void => {
    const { fault: found } = readQuery(text);
    setFault(found);
    setDraft(text);
    if (found !== undefined) {
      if (text.trim() !== "") editor.current?.focus();
      return;
    }
    if (text === q && Object.keys(change).length === 0) {
      refreshNow();
      void client.invalidateQueries({ queryKey: ["traceql"] });
    } else navigate(printRoute("query", undefined, { ...params, ...change, q: text }));
  };
  const cancel = (): void => void client.cancelQueries({ queryKey: ["traceql"] });
  const actions: QueryActions = {
    run,
    set: (change) => navigate(printRoute("query", undefined, { ...params, ...change })),
    narrow: (conditions) => {
      if (read?.query !== undefined) run(narrow(read.query, conditions));
    },
  };
  useKeys(queryBindings, {
    find: () => editor.current?.focus(),
    run: () => run(draft),
    builder: () => setBuilding(!building),
    nextView: () => {
      const next = read?.query === undefined ? undefined : nextTab(read.query, params.view);
      if (next !== undefined) run(next.text, { view: next.view });
    },
  });
  const onFailure = useCallback(
    (error: unknown) => setFault(error === undefined ? undefined : faultOfError(error)),
    [setFault],
  );
  return (
    <div className={styles.page}>
      <title>{q === "" ? "Query · Clew" : `${oneLine(q, 60)} · Query · Clew`}</title>
      <h1 className={styles.hidden}>Query</h1>
      <section className={styles.head} aria-label="Query">
        <div className={styles.bar}>
          <QueryEditor
            text={draft}
            fault={fault?.place}
            describedBy="query-fault"
            range={range}
            onChange={setDraft}
            onRun={run}
            onRecall={recall}
            handle={editor}
          />
          <RunButton running={isRunning} onRun={() => run(draft)} onCancel={cancel} />
        </div>
        <div className={styles.tools}>
          <Button
            look="quiet"
            on={building}
            aria-expanded={building}
            onClick={() => setBuilding(!building)}
          >
            <Icon name="sliders" size={14} /> Builder
          </Button>
          <RecentMenu onPick={(text) => run(text)} />
          <FaultLine fault={fault} isStale={q !== "" && draft !== q} />
          <span className={styles.keysHint}>Enter runs · Shift+Enter new line · ? all keys</span>
        </div>
        {building && (
          <BuilderPanel
            text={draft}
            isTyped={draft !== q}
            onText={setDraft}
            onRun={run}
            range={range}
          />
        )}
      </section>
      {read?.query === undefined && <Examples onPick={(text) => run(text)} />}
      {read?.query !== undefined && (
        <Answer
          key={q}
          text={q}
          query={read.query}
          params={params}
          range={range}
          actions={actions}
          onFailure={onFailure}
        />
      )}
    </div>
  );
}

/** The text in the bar: the address's, until it is edited; the address's again when that changes. */
function useDraft(q: string): [string, (text: string) => void] {
  const [state, setState] = useState({ q, draft: q });
  if (state.q !== q) setState({ q, draft: q });
  const set = useCallback(
    (draft: string) => setState((last) => (last.draft === draft ? last : { ...last, draft })),
    [],
  );
  return [state.q === q ? state.draft : q, set];
}

/** The fault to show: of the text once typing pauses, or one that the server told. */
function useFault(
  draft: string,
): [QueryFault | undefined, (fault: QueryFault | undefined) => void] {
  const [told, setTold] = useState<{ text: string; fault: QueryFault | undefined }>();
  useEffect(() => {
    if (draft.trim() === "") return;
    const timer = setTimeout(() => {
      const { fault } = readQuery(draft);
      if (fault !== undefined && !isUnfinished(draft, fault)) setTold({ text: draft, fault });
    }, pauseMs);
    return () => clearTimeout(timer);
  }, [draft]);
  const latest = useRef(draft);
  useEffect(() => {
    latest.current = draft;
  });
  const set = useCallback(
    (fault: QueryFault | undefined) => setTold({ text: latest.current, fault }),
    [],
  );
  return [told?.text === draft ? told.fault : undefined, set];
}

/** Whether only the end of the text is missing: that is no mistake while one types. */
function isUnfinished(draft: string, { place }: QueryFault): boolean {
  const typed = draft.replace(/[\s})]+$/, "").length;
  return place === undefined || place.end >= typed;
}

/** Walks through the recent queries, from the one in the bar. */
function useRecall(draft: string): (by: 1 | -1) => string | undefined {
  return (by) => {
    const list = readHistory();
    const at = list.indexOf(draft.trim());
    return list[at < 0 ? (by === 1 ? 0 : list.length) : at + by];
  };
}

function RunButton({
  running,
  onRun,
  onCancel,
}: {
  running: boolean;
  onRun: () => void;
  onCancel: () => void;
}): ReactElement {
  return running ? (
    <Button className={styles.run} onClick={onCancel}>
      <Icon name="stop" size={14} /> Cancel
    </Button>
  ) : (
    <Button look="primary" className={styles.run} onClick={onRun}>
      <Icon name="play" size={14} /> Run
    </Button>
  );
}

function FaultLine({
  fault,
  isStale,
}: {
  fault: QueryFault | undefined;
  isStale: boolean;
}): ReactElement {
  return (
    <div id="query-fault" className={styles.fault} aria-live="polite">
      {fault !== undefined ? (
        <>
          <Icon name="error" size={13} />
          <span>
            <strong>{oneLine(fault.message, 400)}</strong>
            {fault.hint !== undefined && <> {oneLine(fault.hint, 400)}</>}
          </span>
        </>
      ) : (
        isStale && (
          <span className={styles.stale}>Not run yet; below is the answer to the last query.</span>
        )
      )}
    </div>
  );
}
