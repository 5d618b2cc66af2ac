// Matches key events against bindings. Letters go by the sign they type, or by their place on the
// keyboard where the layout types no Latin letter there; W A S D always go by place.

import type { Binding, KeyPress } from "./bindings.ts";

/** The part of a KeyboardEvent that decides. */
export interface KeyStroke {
  readonly key: string;
  readonly code: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** The command of the first binding that the stroke presses, or undefined. */
export function commandFor<C extends string>(
  stroke: KeyStroke,
  bindings: readonly Binding<C>[],
): C | undefined {
  return bindings.find(({ presses }) => presses.some((press) => isPress(stroke, press)))?.command;
}

function isPress(stroke: KeyStroke, press: KeyPress): boolean {
  if (stroke.altKey || (stroke.ctrlKey || stroke.metaKey) !== (press.ctrl ?? false)) return false;
  if (press.code !== undefined)
    return stroke.code === press.code && stroke.shiftKey === (press.shift ?? false);
  const key = press.key as string;
  if (/^[a-z]$/.test(key))
    return letterOf(stroke) === key && stroke.shiftKey === (press.shift ?? false);
  // Signs such as `?` need Shift on one layout and not on another, so only the sign counts.
  return stroke.key === key && (key.length === 1 || !stroke.shiftKey);
}

function letterOf(stroke: KeyStroke): string {
  const typed = stroke.key.toLowerCase();
  if (/^[a-z]$/.test(typed)) return typed;
  return /^Key[A-Z]$/.test(stroke.code) ? stroke.code.slice(3).toLowerCase() : typed;
}

/** The keys of a press as the help shows them. */
export function pressKeys(press: KeyPress): readonly string[] {
  const names: Readonly<Record<string, string>> = {
    ArrowUp: "↑",
    ArrowDown: "↓",
    ArrowLeft: "←",
    ArrowRight: "→",
    Escape: "Esc",
    PageUp: "PgUp",
    PageDown: "PgDn",
  };
  const key = press.key ?? (press.code as string).replace(/^Key/, "");
  const shown = names[key] ?? (key.length === 1 ? key.toUpperCase() : key);
  return [...(press.ctrl ? ["Ctrl/⌘"] : []), ...(press.shift ? ["Shift"] : []), shown];
}

/** True when the event belongs to something one types into, so that letters are not commands. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLInputElement)
    return !["checkbox", "radio", "button", "range"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
