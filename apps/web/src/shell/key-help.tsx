// The list of keys, printed from the bindings themselves.

import type { ReactElement } from "react";
import {
  type Binding,
  globalBindings,
  listBindings,
  queryBindings,
  queryGestures,
  traceBindings,
  traceGestures,
} from "../keyboard/bindings.ts";
import { pressKeys } from "../keyboard/match.ts";
import { useRoute } from "../router/location.ts";
import { Keys } from "../ui/controls.tsx";
import { Dialog } from "../ui/overlay.tsx";
import styles from "./shell.module.css";

function Group({
  title,
  rows,
}: {
  title: string;
  rows: readonly { keys: readonly string[]; label: string }[];
}): ReactElement {
  return (
    <section className={styles.helpGroup}>
      <h3>{title}</h3>
      {rows.map(({ keys, label }) => (
        <div key={label + keys.join()} className={styles.helpRow}>
          <span>{label}</span>
          <Keys keys={keys} />
        </div>
      ))}
    </section>
  );
}

function rowsOf(
  bindings: readonly Binding<string>[],
): { keys: readonly string[]; label: string }[] {
  return bindings.map(({ presses, shown, label }) => ({
    keys: shown ?? pressKeys(presses[0] ?? {}),
    label,
  }));
}

export function KeyHelp({ onClose }: { onClose: () => void }): ReactElement {
  // The keys of the page at hand come first.
  const isQuery = useRoute().name === "query";
  const queries = (
    <>
      <Group title="Queries" rows={rowsOf(queryBindings)} />
      <Group title="In the query bar" rows={queryGestures} />
    </>
  );
  return (
    <Dialog title="Keyboard and mouse" onClose={onClose} className={styles.help}>
      <div className={styles.helpColumns}>
        {isQuery && queries}
        <Group title="In a trace" rows={rowsOf(traceBindings)} />
        <Group title="Mouse in a trace" rows={traceGestures} />
        <Group title="Everywhere" rows={rowsOf(globalBindings)} />
        <Group title="Lists" rows={rowsOf(listBindings)} />
        {!isQuery && queries}
      </div>
    </Dialog>
  );
}
