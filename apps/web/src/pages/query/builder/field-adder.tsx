// A place to add a field to a list of fields.

import { type ReactElement, useState } from "react";
import { useTagNames } from "../../../api/traceql-queries.ts";
import { readField } from "../../../query/reference-text.ts";
import type { ResolvedRange } from "../../../router/time-range.ts";
import { Combobox } from "../../../ui/combobox.tsx";
import { fieldSuggestions } from "./field-suggestions.ts";

export interface FieldAdderProps {
  readonly label: string;
  readonly placeholder: string;
  readonly range: ResolvedRange;
  /** A query: names are offered of the spans that it finds. */
  readonly filter: string;
  /** Fields that are in the list already. */
  readonly taken: readonly string[];
  readonly onAdd: (field: string) => void;
}

export function FieldAdder(props: FieldAdderProps): ReactElement {
  const { label, placeholder, range, filter, taken, onAdd } = props;
  const [typed, setTyped] = useState("");
  const [focused, setFocused] = useState(false);
  const names = useTagNames(range, filter, focused);
  const add = (text: string): void => {
    const field = readField(text)?.text;
    if (field === undefined) return;
    setTyped("");
    if (!taken.includes(field)) onAdd(field);
  };
  const suggestions = fieldSuggestions(names, typed).filter(({ value }) => !taken.includes(value));
  const isOffered = (text: string): boolean => suggestions.some(({ value }) => value === text);
  return (
    <Combobox
      label={label}
      placeholder={placeholder}
      value={typed}
      suggestions={suggestions}
      onFocus={() => setFocused(true)}
      onText={setTyped}
      // A field that is left half-typed is not meant yet.
      onCommit={(text) => {
        if (isOffered(text)) add(text);
      }}
      onEnter={() => {
        if (!isOffered(typed)) add(typed);
      }}
    />
  );
}
