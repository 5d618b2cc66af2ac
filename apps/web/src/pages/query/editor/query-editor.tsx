// The query bar as a React component.

import {
  type ReactElement,
  type Ref,
  useEffect,
  useEffectEvent,
  useImperativeHandle,
  useRef,
  useState,
} from "react";
import type { ResolvedRange } from "../../../router/time-range.ts";
import styles from "./editor.module.css";
import type { FaultPlace } from "./highlight.ts";
import type { TraceqlEditor } from "./traceql-editor.ts";

// A chunk of its own, under way as soon as the page is: the answer need not wait for the editor.
const loading = import("./traceql-editor.ts");

export interface QueryEditorHandle {
  focus(): void;
}

export interface QueryEditorProps {
  readonly text: string;
  readonly fault: FaultPlace | undefined;
  /** Id of the element that tells the fault. */
  readonly describedBy: string;
  readonly range: ResolvedRange;
  readonly onChange: (text: string) => void;
  readonly onRun: (text: string) => void;
  readonly onRecall: (by: 1 | -1) => string | undefined;
  readonly handle: Ref<QueryEditorHandle>;
}

export function QueryEditor(props: QueryEditorProps): ReactElement {
  const { text, fault, describedBy, handle } = props;
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<TraceqlEditor>(undefined);
  const range = useEffectEvent(() => props.range);
  const change = useEffectEvent((next: string) => props.onChange(next));
  const run = useEffectEvent((next: string) => props.onRun(next));
  const recall = useEffectEvent((by: 1 | -1) => props.onRecall(by));
  const [isReady, setReady] = useState(false);
  const [failure, setFailure] = useState<{ error: unknown }>();
  const make = useEffectEvent((Editor: typeof TraceqlEditor): TraceqlEditor => {
    return new Editor(host.current as HTMLDivElement, {
      text,
      label: "TraceQL query",
      describedBy,
      placeholder: '{ resource.service.name = "…" && status = error }',
      range: () => range(),
      onChange: (next) => change(next),
      onRun: (next) => run(next),
      onRecall: (by) => recall(by),
    });
  });
  useEffect(() => {
    let made: TraceqlEditor | undefined;
    let isGone = false;
    loading.then(
      (module) => {
        if (isGone) return;
        made = make(module.TraceqlEditor);
        editor.current = made;
        setReady(true);
      },
      (error: unknown) => setFailure({ error }),
    );
    return () => {
      isGone = true;
      editor.current = undefined;
      made?.dispose();
    };
  }, []);
  useEffect(() => editor.current?.setText(text), [text, isReady]);
  useEffect(() => editor.current?.setFault(fault), [fault, isReady]);
  useImperativeHandle(handle, () => ({ focus: () => editor.current?.focus() }), []);
  if (failure !== undefined) throw failure.error;
  return (
    <div ref={host} className={styles.editor}>
      {!isReady && <pre className={styles.waiting}>{text || " "}</pre>}
    </div>
  );
}
