// What the builder makes of the spans: traces, a function over time, a heat map; and by what it groups.

import { oneLine } from "@clew/base";
import { type ReactElement, useState } from "react";
import { useTagNames } from "../../../api/traceql-queries.ts";
import type { Measure } from "../../../query/builder-model.ts";
import { readField } from "../../../query/reference-text.ts";
import type { ResolvedRange } from "../../../router/time-range.ts";
import { Combobox } from "../../../ui/combobox.tsx";
import controls from "../../../ui/controls.module.css";
import { Button, IconButton, Input } from "../../../ui/controls.tsx";
import styles from "./builder.module.css";
import { FieldAdder } from "./field-adder.tsx";
import { fieldSuggestions } from "./field-suggestions.ts";

const kinds: readonly (readonly [Measure["kind"], string])[] = [
  ["traces", "traces"],
  ["rate", "rate"],
  ["count", "count"],
  ["quantile", "quantiles"],
  ["avg", "average"],
  ["max", "maximum"],
  ["min", "minimum"],
  ["sum", "sum"],
  ["heat", "heat map"],
];

const quantileChoices = [0.5, 0.9, 0.95, 0.99, 0.999];
// TraceQL groups quantiles and histograms by at most four fields.
const mostGroups = 4;

export interface MeasureFieldsProps {
  readonly measure: Measure;
  readonly range: ResolvedRange;
  /** The spans, as a query: names are offered of what they have. */
  readonly filter: string;
  readonly onChange: (measure: Measure) => void;
}

/** The same measure as another kind, with the fields that both have. */
function asKind(measure: Measure, kind: Measure["kind"]): Measure {
  const by = measure.kind === "traces" ? [] : measure.by;
  const of = "of" in measure ? measure.of : "duration";
  const top = "top" in measure && measure.top !== undefined ? { top: measure.top } : {};
  switch (kind) {
    case "traces":
      return { kind, select: [] };
    case "rate":
    case "count":
      return { kind, by, ...top };
    case "quantile":
      return { kind, of, quantiles: [0.5, 0.95, 0.99], by, ...top };
    case "heat":
      return { kind, of, by: [] };
    default:
      return { kind, of, by, ...top };
  }
}

export function MeasureFields({
  measure,
  range,
  filter,
  onChange,
}: MeasureFieldsProps): ReactElement {
  const list = { range, filter };
  return (
    <>
      <span className={styles.word}>as</span>
      <select
        className={controls.input}
        aria-label="Measure"
        value={measure.kind}
        onChange={({ target: { value } }) => {
          const kind = kinds.find(([one]) => one === value)?.[0] ?? "traces";
          onChange(asKind(measure, kind));
        }}
      >
        {kinds.map(([kind, label]) => (
          <option key={kind} value={kind}>
            {label}
          </option>
        ))}
      </select>
      {"of" in measure && (
        <FieldInput
          {...list}
          label="Of field"
          word="of"
          value={measure.of}
          onChange={(of) => onChange({ ...measure, of })}
        />
      )}
      {measure.kind === "quantile" && <Quantiles measure={measure} onChange={onChange} />}
      {measure.kind === "traces" ? (
        <FieldList
          {...list}
          word="showing"
          label="Show field"
          fields={measure.select}
          most={20}
          onChange={(select) => onChange({ ...measure, select })}
        />
      ) : (
        <FieldList
          {...list}
          word="by"
          label="Group by"
          fields={measure.by}
          onChange={(by) => onChange({ ...measure, by })}
        />
      )}
      {measure.kind !== "traces" && measure.kind !== "heat" && (
        <TopInput measure={measure} onChange={onChange} />
      )}
    </>
  );
}

function Quantiles({
  measure,
  onChange,
}: {
  measure: Extract<Measure, { kind: "quantile" }>;
  onChange: (measure: Measure) => void;
}): ReactElement {
  const choices = [...new Set([...quantileChoices, ...measure.quantiles])].sort((a, b) => a - b);
  return (
    <fieldset className={styles.choices} aria-label="Quantiles">
      {choices.map((quantile) => {
        const on = measure.quantiles.includes(quantile);
        return (
          <Button
            key={quantile}
            look="quiet"
            on={on}
            aria-pressed={on}
            disabled={on && measure.quantiles.length === 1}
            onClick={() => {
              const quantiles = on
                ? measure.quantiles.filter((one) => one !== quantile)
                : [...measure.quantiles, quantile].sort((a, b) => a - b);
              onChange({ ...measure, quantiles });
            }}
          >
            p{Number((quantile * 100).toPrecision(6))}
          </Button>
        );
      })}
    </fieldset>
  );
}

function TopInput({
  measure,
  onChange,
}: {
  measure: Exclude<Measure, { kind: "traces" | "heat" }>;
  onChange: (measure: Measure) => void;
}): ReactElement | undefined {
  if (measure.by.length === 0 && measure.top === undefined) return undefined;
  return (
    <label className={styles.top}>
      top
      <Input
        type="number"
        min={1}
        max={1000}
        placeholder="all"
        value={measure.top ?? ""}
        onChange={({ target: { value } }) => {
          const { top: _, ...rest } = measure;
          const count = Number(value);
          const isCount = Number.isInteger(count) && count >= 1 && count <= 1000;
          onChange(isCount ? { ...rest, top: count } : rest);
        }}
      />
    </label>
  );
}

interface ListProps {
  readonly range: ResolvedRange;
  readonly filter: string;
  readonly label: string;
  readonly word: string;
}

/** One field; while its text is none, the last one counts. */
function FieldInput({
  range,
  filter,
  label,
  word,
  value,
  onChange,
}: ListProps & { value: string; onChange: (field: string) => void }): ReactElement {
  const [typed, setTyped] = useState<string>();
  const names = useTagNames(range, filter, typed !== undefined);
  const suggestions = fieldSuggestions(names, typed ?? value);
  const choose = (text: string): void => {
    const field = readField(text)?.text;
    if (field !== undefined && field !== value) onChange(field);
  };
  return (
    <>
      <span className={styles.word}>{word}</span>
      <div className={styles.field}>
        <Combobox
          label={label}
          value={typed ?? value}
          suggestions={suggestions}
          onFocus={() => setTyped(value)}
          onText={setTyped}
          // A field that is left half-typed is not meant yet.
          onCommit={(text) => {
            setTyped(undefined);
            if (suggestions.some((one) => one.value === text)) choose(text);
          }}
          onEnter={() => choose(typed ?? value)}
        />
      </div>
    </>
  );
}

/** Fields as chips, and a place to add one. */
function FieldList({
  range,
  filter,
  label,
  word,
  fields,
  most = mostGroups,
  onChange,
}: ListProps & {
  fields: readonly string[];
  most?: number;
  onChange: (fields: readonly string[]) => void;
}): ReactElement {
  return (
    <>
      <span className={styles.word}>{word}</span>
      {fields.map((field) => (
        <span key={field} className={styles.chip}>
          <code>
            <bdi>{oneLine(field, 80)}</bdi>
          </code>
          <IconButton
            icon="close"
            size={12}
            label={`Remove ${oneLine(field, 80)}`}
            onClick={() => onChange(fields.filter((one) => one !== field))}
          />
        </span>
      ))}
      {fields.length < most && (
        <div className={styles.field}>
          <FieldAdder
            label={label}
            placeholder={fields.length === 0 ? "nothing; add a field" : "add a field"}
            range={range}
            filter={filter}
            taken={fields}
            onAdd={(field) => onChange([...fields, field])}
          />
        </div>
      )}
    </>
  );
}
