// A text field that suggests: any text may be typed, a suggestion may be taken with the arrow keys and
// Enter or with the mouse. Follows the ARIA combobox pattern with a list popup.

import { oneLine } from "@clew/base";
import { type KeyboardEvent, type ReactElement, type Ref, useId, useState } from "react";
import styles from "./combobox.module.css";
import { Input } from "./controls.tsx";

export interface Suggestion {
  readonly value: string;
  /** Shown small at the right, such as a count. */
  readonly note?: string;
}

export interface ComboboxProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly suggestions: readonly Suggestion[];
  /** Every change of the text, for suggestions to follow. */
  readonly onText: (text: string) => void;
  /** The text is final: Enter, a suggestion taken, or the field left. */
  readonly onCommit: (text: string) => void;
  /** Enter with no suggestion chosen: the form is meant. */
  readonly onEnter?: () => void;
  readonly onFocus?: () => void;
  readonly inputRef?: Ref<HTMLInputElement>;
}

export function Combobox({
  label,
  value,
  placeholder,
  suggestions,
  onText,
  onCommit,
  onEnter,
  onFocus,
  inputRef,
}: ComboboxProps): ReactElement {
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const id = useId();
  const shown = open ? suggestions.slice(0, 60) : [];
  const commit = (text: string): void => {
    setOpen(false);
    setActive(-1);
    onText(text);
    onCommit(text);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      setOpen(true);
      const by = event.key === "ArrowDown" ? 1 : -1;
      if (shown.length > 0) setActive((active + by + shown.length) % shown.length);
    } else if (event.key === "Enter") {
      const chosen = shown[active];
      commit(chosen?.value ?? value);
      if (chosen === undefined) onEnter?.();
    } else if (event.key === "Escape" && open) {
      setOpen(false);
      setActive(-1);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className={styles.box}>
      <Input
        {...(inputRef === undefined ? {} : { ref: inputRef })}
        role="combobox"
        aria-label={label}
        aria-expanded={shown.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
        aria-autocomplete="list"
        placeholder={placeholder}
        value={value}
        onFocus={() => {
          setOpen(true);
          onFocus?.();
        }}
        onClick={() => setOpen(true)}
        onBlur={() => {
          setOpen(false);
          setActive(-1);
          onCommit(value);
        }}
        onChange={(event) => {
          setOpen(true);
          setActive(-1);
          onText(event.target.value);
        }}
        onKeyDown={onKey}
      />
      {shown.length > 0 && (
        <ul className={styles.list} role="listbox" id={`${id}-list`} aria-label={label}>
          {shown.map(({ value: option, note }, i) => (
            <li
              key={option}
              id={`${id}-${i}`}
              className={styles.option}
              role="option"
              aria-selected={i === active}
              // Down, not click: the field must not lose the focus first.
              onMouseDown={(event) => {
                event.preventDefault();
                commit(option);
              }}
            >
              <bdi>{oneLine(option, 120) || "(empty)"}</bdi>
              {note !== undefined && <small>{note}</small>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
