// How the traces of a service are sampled: the rule, what is made and what is kept of it, whether its tracers
// follow, and a form to change it.

import { oneLine } from "@clew/base";
import type { SamplingStatus } from "@clew/model";
import { type FormEvent, type ReactElement, useState } from "react";
import { useSampling, useSetSampling } from "../../api/queries.ts";
import { formatRate, formatShare } from "../../format/number.ts";
import { formatAgo } from "../../format/time.ts";
import controls from "../../ui/controls.module.css";
import { Button, Input } from "../../ui/controls.tsx";
import page from "../../ui/page.module.css";
import { ErrorState, Loading, Progress } from "../../ui/states.tsx";
import {
  changeOf,
  draftOf,
  modeTexts,
  ruleText,
  type SamplingDraft,
  samplingModes,
} from "./sampling-draft.ts";
import styles from "./service.module.css";

/** Tracers ask once a minute, most of them; those that have not for so long do not follow. */
const FOLLOWS_MS = 5 * 60_000;
const SHOWN_OPERATIONS = 20;

export function SamplingPanel({ service }: { service: string }): ReactElement {
  const query = useSampling(service);
  return (
    <section className={`${page.panel} ${styles.block}`} aria-label="Sampling">
      <Progress active={query.isFetching} />
      <div className={page.panelHead}>
        <h2>Sampling</h2>
        <span className={page.hint}>What its tracers are told to keep</span>
      </div>
      {query.isPending && <Loading lines={2} />}
      {query.isError && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.data !== undefined && (
        <div className={styles.sampling}>
          <Facts status={query.data} />
          <Operations status={query.data} />
          {/* Begins anew when the rule changes. */}
          <SamplingForm key={JSON.stringify(query.data.sampling)} status={query.data} />
        </div>
      )}
    </section>
  );
}

function Facts({ status }: { status: SamplingStatus }): ReactElement {
  const { sampling, source, probability, seen } = status;
  return (
    <dl className={styles.facts}>
      <dt>Rule</dt>
      <dd>{ruleText(sampling, source, probability)}</dd>
      <dt>Requests</dt>
      <dd>
        {seen === undefined
          ? "none arrived in the last two minutes"
          : `${formatRate(seen.madePerSecond)} made, ${formatRate(seen.keptPerSecond)} kept (${formatShare(
              Math.min(1, seen.keptPerSecond / seen.madePerSecond),
            )}) in the last two minutes`}
      </dd>
      <dt>Tracers</dt>
      <dd>{askedText(status)}</dd>
    </dl>
  );
}

function askedText({ askedUnixNano }: SamplingStatus): string {
  const hint = "@clew/sdk asks with OTEL_TRACES_SAMPLER=remote";
  if (askedUnixNano === undefined) return `none has asked since Clew started; ${hint}`;
  const asked = BigInt(askedUnixNano);
  const ago = formatAgo(asked, Date.now());
  const isLate = Date.now() - Number(asked / 1_000_000n) > FOLLOWS_MS;
  return isLate ? `last asked ${ago}: they may not follow any more` : `last asked ${ago}`;
}

function Operations({ status }: { status: SamplingStatus }): ReactElement | undefined {
  const { operations } = status;
  if (operations.length === 0) return undefined;
  const more = operations.length - SHOWN_OPERATIONS;
  return (
    <dl className={styles.facts} aria-label="Rates of operations">
      {operations.slice(0, SHOWN_OPERATIONS).map(({ operation, probability }) => (
        <div key={operation} className={styles.fact}>
          <dt>
            <bdi>{oneLine(operation, 120)}</bdi>
          </dt>
          <dd>{formatShare(probability)}</dd>
        </div>
      ))}
      {more > 0 && <div className={styles.fact}>and {more} more</div>}
    </dl>
  );
}

function SamplingForm({ status }: { status: SamplingStatus }): ReactElement {
  const [draft, setDraft] = useState<SamplingDraft>(() => draftOf(status.sampling));
  const [problem, setProblem] = useState<string>();
  const change = useSetSampling(status.service);
  const { label, unit } = modeTexts[draft.mode];
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const made = changeOf(draft, status.sampling);
    setProblem("problem" in made ? made.problem : undefined);
    if ("sampling" in made) change.mutate(made.sampling);
  };
  const edit = (next: Partial<SamplingDraft>): void => {
    setProblem(undefined);
    setDraft({ ...draft, ...next });
  };
  return (
    <form className={styles.samplingForm} onSubmit={submit}>
      <select
        className={controls.input}
        aria-label="How traces are sampled"
        value={draft.mode}
        onChange={(event) => {
          const mode = samplingModes.find((one) => one === event.target.value) ?? "all";
          edit({ mode, text: "" });
        }}
      >
        {samplingModes.map((mode) => (
          <option key={mode} value={mode}>
            {modeTexts[mode].label}
          </option>
        ))}
      </select>
      {unit !== "" && (
        <label className={styles.samplingNumber}>
          <Input
            aria-label={label}
            inputMode="decimal"
            value={draft.text}
            aria-invalid={problem !== undefined}
            onChange={(event) => edit({ text: event.target.value })}
          />
          {unit}
        </label>
      )}
      <Button type="submit" look="primary" disabled={change.isPending}>
        Set
      </Button>
      {status.source === "api" && (
        <Button disabled={change.isPending} onClick={() => change.mutate(undefined)}>
          Take back
        </Button>
      )}
      {problem !== undefined && (
        <span className={styles.problem} role="alert">
          {problem}
        </span>
      )}
      {change.isError && (
        <span className={styles.problem} role="alert">
          {oneLine(change.error.message, 300)}
        </span>
      )}
    </form>
  );
}
