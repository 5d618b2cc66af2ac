// Connects a page's commands to its bindings while the page is on screen.

import { useEffect, useEffectEvent } from "react";
import type { Binding } from "./bindings.ts";
import { commandFor, isTyping } from "./match.ts";

/**
 * Runs `commands[name]` for every bound key pressed outside of text fields and dialogs. A command that
 * returns false leaves the key to the browser.
 */
export function useKeys<C extends string>(
  bindings: readonly Binding<C>[],
  commands: Readonly<Record<C, () => void | boolean>>,
): void {
  const onKey = useEffectEvent((event: KeyboardEvent): void => {
    if (event.defaultPrevented || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]") !== null && event.key !== "?") return;
    const command = commandFor(event, bindings);
    if (command === undefined || commands[command]() === false) return;
    event.preventDefault();
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => onKey(event);
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
}
