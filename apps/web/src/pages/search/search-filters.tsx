// The filters of a search. Every change goes to the address at once; the results follow the address.

import { oneLine, parseDuration, printDuration } from "@clew/base";
import {
  type AttributeFilter,
  type AttributeOperator,
  type AttributeScope,
  spanKindNames,
  statusCodeNames,
} from "@clew/model";
import { type ReactElement, type ReactNode, type Ref, useState } from "react";
import {
  useAttributeKeys,
  useAttributeValues,
  useOperations,
  useServices,
} from "../../api/queries.ts";
import { formatCompact } from "../../format/number.ts";
import {
  attributeOperators,
  parseAttributeFilter,
  printAttributeFilter,
} from "../../router/attribute-filter.ts";
import { useRange } from "../../router/range-clock.ts";
import type { RouteParams } from "../../router/routes.ts";
import { Combobox, type Suggestion } from "../../ui/combobox.tsx";
import controls from "../../ui/controls.module.css";
import { Button, IconButton, Input } from "../../ui/controls.tsx";
import { Icon } from "../../ui/icon.tsx";
import styles from "./search.module.css";

type Params = RouteParams<"search">;

export interface SearchFiltersProps {
  readonly params: Params;
  readonly onChange: (change: Partial<Params>) => void;
  readonly serviceInput: Ref<HTMLInputElement>;
}

export function SearchFilters({
  params,
  onChange,
  serviceInput,
}: SearchFiltersProps): ReactElement {
  const clear = (): void =>
    onChange({
      service: undefined,
      operation: undefined,
      kind: undefined,
      status: undefined,
      min: undefined,
      max: undefined,
      attr: undefined,
    });
  const { service, operation, kind, status, min, max, attr } = params;
  const any = [service, operation, kind, status, min, max, attr].some(
    (value) => value !== undefined,
  );
  return (
    <aside className={styles.rail} aria-label="Filters">
      <div className={styles.railHead}>
        <h2>Find spans where</h2>
        {any && (
          <Button look="quiet" onClick={clear}>
            Clear
          </Button>
        )}
      </div>
      <ServiceField
        key={`s ${service}`}
        params={params}
        onChange={onChange}
        inputRef={serviceInput}
      />
      <OperationField key={`o ${operation}`} params={params} onChange={onChange} />
      <div className={styles.two}>
        <Choice
          label="Kind"
          value={kind}
          words={spanKindNames}
          onChange={(word) => onChange({ kind: word })}
        />
        <Choice
          label="Status"
          value={status}
          words={statusCodeNames}
          onChange={(word) => onChange({ status: word })}
        />
      </div>
      <div className={styles.two}>
        <DurationField
          key={`min ${min}`}
          label="At least"
          placeholder="100ms"
          value={min}
          onChange={(nano) => onChange({ min: nano })}
        />
        <DurationField
          key={`max ${max}`}
          label="At most"
          placeholder="2s"
          value={max}
          onChange={(nano) => onChange({ max: nano })}
        />
      </div>
      <AttributeFilters
        filters={attr ?? []}
        onChange={(next) => onChange({ attr: next.length === 0 ? undefined : next })}
      />
    </aside>
  );
}

function Field({ label, children }: { label: string; children: ReactNode }): ReactElement {
  return (
    <div className={styles.field}>
      <span aria-hidden>{label}</span>
      {children}
    </div>
  );
}

function matching(options: readonly Suggestion[], text: string): readonly Suggestion[] {
  const wanted = text.toLowerCase();
  // A complete word offers the others too: one wants to change it more often than to read it again.
  if (options.some((option) => option.value === text)) return options;
  return options.filter((option) => option.value.toLowerCase().includes(wanted));
}

function ServiceField({
  params,
  onChange,
  inputRef,
}: {
  params: Params;
  onChange: SearchFiltersProps["onChange"];
  inputRef: Ref<HTMLInputElement>;
}): ReactElement {
  const [text, setText] = useState(params.service ?? "");
  const services = useServices(useRange()).data?.services ?? [];
  const commit = (value: string): void => {
    if (value === (params.service ?? "")) return;
    onChange({ service: value === "" ? undefined : value, operation: undefined });
  };
  const options = services.map((one) => ({
    value: one.service,
    note: formatCompact(one.spanCount),
  }));
  return (
    <Field label="Service">
      <Combobox
        label="Service"
        placeholder="any"
        value={text}
        suggestions={matching(options, text)}
        onText={setText}
        onCommit={commit}
        inputRef={inputRef}
      />
    </Field>
  );
}

function OperationField({
  params,
  onChange,
}: {
  params: Params;
  onChange: SearchFiltersProps["onChange"];
}): ReactElement {
  const [text, setText] = useState(params.operation ?? "");
  const operations = useOperations(params.service, useRange()).data?.operations ?? [];
  const commit = (value: string): void => {
    if (value !== (params.operation ?? ""))
      onChange({ operation: value === "" ? undefined : value });
  };
  const counts = new Map<string, number>();
  for (const one of operations)
    counts.set(one.operation, (counts.get(one.operation) ?? 0) + one.count);
  const options =
    params.service === undefined
      ? []
      : [...counts].map(([value, count]) => ({ value, note: formatCompact(count) }));
  return (
    <Field label="Operation">
      <Combobox
        label="Operation"
        placeholder="any"
        value={text}
        suggestions={matching(options, text)}
        onText={setText}
        onCommit={commit}
      />
    </Field>
  );
}

function Choice<T extends string>({
  label,
  value,
  words,
  onChange,
}: {
  label: string;
  value: T | undefined;
  words: readonly T[];
  onChange: (word: T | undefined) => void;
}): ReactElement {
  return (
    <Field label={label}>
      <select
        className={controls.input}
        aria-label={label}
        value={value ?? ""}
        onChange={(event) => onChange(words.find((word) => word === event.target.value))}
      >
        <option value="">any</option>
        {words.map((word) => (
          <option key={word} value={word}>
            {word}
          </option>
        ))}
      </select>
    </Field>
  );
}

function DurationField({
  label,
  placeholder,
  value,
  onChange,
}: {
  label: string;
  placeholder: string;
  value: number | undefined;
  onChange: (nano: number | undefined) => void;
}): ReactElement {
  const [text, setText] = useState(value === undefined ? "" : printDuration(value));
  const parsed = parseDuration(text);
  const bad = text !== "" && parsed === undefined;
  const commit = (): void => {
    if (!bad && parsed !== value) onChange(parsed);
  };
  return (
    <Field label={label}>
      <Input
        aria-label={`Duration ${label.toLowerCase()}`}
        aria-invalid={bad}
        title={bad ? "Write a duration such as 250ms, 1.5s or 10us" : undefined}
        placeholder={placeholder}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key === "Enter") commit();
        }}
      />
    </Field>
  );
}

function AttributeFilters({
  filters,
  onChange,
}: {
  filters: readonly AttributeFilter[];
  onChange: (filters: readonly AttributeFilter[]) => void;
}): ReactElement {
  return (
    <div className={styles.field}>
      <span>Attributes</span>
      {filters.length > 0 && (
        <ul className={styles.chips}>
          {filters.map((filter, i) => (
            <li key={printAttributeFilter(filter)} className={styles.chip}>
              <code>
                <bdi>{oneLine(printAttributeFilter(filter), 200)}</bdi>
                {filter.operator === "exists" && " exists"}
              </code>
              <IconButton
                icon="close"
                size={12}
                label="Remove this condition"
                onClick={() => onChange(filters.filter((_, at) => at !== i))}
              />
            </li>
          ))}
        </ul>
      )}
      <Composer onAdd={(filter) => onChange([...filters, filter])} />
    </div>
  );
}

function Composer({ onAdd }: { onAdd: (filter: AttributeFilter) => void }): ReactElement {
  const [key, setKey] = useState("");
  const [operator, setOperator] = useState<AttributeOperator>("=");
  const [value, setValue] = useState("");
  const [focus, setFocus] = useState<"key" | "value">();
  const range = useRange();
  const bare = parseAttributeFilter(key);
  const scope: AttributeScope = bare?.scope ?? "any";
  const name = bare?.key ?? "";
  const keys = useAttributeKeys(range, scope, name, focus === "key");
  const values =
    useAttributeValues(range, scope, name, value, focus === "value" && operator !== "exists").data
      ?.values ?? [];
  const ready = name !== "";
  const add = (): void => {
    if (!ready) return;
    // A whole condition typed into the key field counts as one.
    const whole = bare !== undefined && bare.operator !== "exists" ? bare : undefined;
    onAdd(whole ?? { scope, key: name, operator, ...(operator === "exists" ? {} : { value }) });
    setKey("");
    setValue("");
    setOperator("=");
  };
  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        add();
      }}
    >
      <Combobox
        label="Attribute key"
        placeholder="key, span:key or resource:key"
        value={key}
        suggestions={keys.map((one) => ({ value: `${one.scope}:${one.key}`, note: one.type }))}
        onText={setKey}
        onCommit={() => {}}
        onEnter={() => {
          // A whole condition in one field, such as `http.route=/pay`, needs no more.
          if (bare !== undefined && bare.operator !== "exists") add();
        }}
        onFocus={() => setFocus("key")}
      />
      <select
        className={controls.input}
        aria-label="Operator"
        value={operator}
        onChange={(event) => setOperator(event.target.value as AttributeOperator)}
      >
        {attributeOperators.map((one) => (
          <option key={one.operator} value={one.operator}>
            {one.label}
          </option>
        ))}
      </select>
      {operator === "exists" ? (
        <span />
      ) : (
        <Combobox
          label="Attribute value"
          placeholder="value"
          value={value}
          suggestions={values.map((one) => ({ value: one.value, note: formatCompact(one.count) }))}
          onText={setValue}
          onCommit={() => {}}
          onEnter={add}
          onFocus={() => setFocus("value")}
        />
      )}
      <Button type="submit" disabled={!ready}>
        <Icon name="plus" size={14} /> Add condition
      </Button>
    </form>
  );
}
