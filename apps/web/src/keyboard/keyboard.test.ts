import { describe, expect, it } from "vitest";
import {
  type Binding,
  globalBindings,
  globalCommands,
  listBindings,
  traceBindings,
  traceCommands,
} from "./bindings.ts";
import { commandFor, type KeyStroke, pressKeys } from "./match.ts";

function stroke(key: string, code: string, modifiers: Partial<KeyStroke> = {}): KeyStroke {
  return {
    key,
    code,
    shiftKey: false,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    ...modifiers,
  };
}

function printed(bindings: readonly Binding<string>[]): string[] {
  return bindings.map((b) => `${(b.shown ?? b.presses.flatMap(pressKeys)).join("+")} ${b.command}`);
}

describe("keys of a trace", () => {
  it("are exactly these", () => {
    expect(printed(traceBindings)).toEqual([
      "W zoomIn",
      "S zoomOut",
      "A panLeft",
      "D panRight",
      "Shift+A panLeftFar",
      "Shift+D panRightFar",
      "0 showAll",
      "F focus",
      "↑ previousRow",
      "↓ nextRow",
      "PgUp pageUp",
      "PgDn pageDown",
      "← collapse",
      "→ expand",
      "Home firstRow",
      "End lastRow",
      "[ collapseAll",
      "] expandAll",
      "Shift+[ collapseLevel",
      "Shift+] expandLevel",
      ", previousSibling",
      ". nextSibling",
      "E nextError",
      "Shift+E previousError",
      "/ search",
      "Y copyLink",
      "Q toggleDrawer",
      "Esc clear",
    ]);
    expect(printed(globalBindings)).toEqual([
      "? help",
      "1 goServices",
      "2 goSearch",
      "3 goQuery",
      "4 goMap",
      "5 goHealth",
    ]);
  });

  it("reach every command", () => {
    expect(traceBindings.map((b) => b.command).sort()).toEqual([...traceCommands].sort());
    expect(globalBindings.map((b) => b.command).sort()).toEqual([...globalCommands].sort());
  });

  it("never mean two things on one page", () => {
    for (const page of [
      [...globalBindings, ...traceBindings],
      [...globalBindings, ...listBindings],
    ]) {
      const presses = (page as Binding<string>[]).flatMap((b) =>
        b.presses.map((p) => pressKeys(p).join("+")),
      );
      expect(new Set(presses).size).toBe(presses.length);
    }
  });
});

describe("strokes", () => {
  it("of W A S D go by place, so that they stay together on any layout", () => {
    expect(commandFor(stroke("z", "KeyW"), traceBindings)).toBe("zoomIn");
    expect(commandFor(stroke("ц", "KeyW"), traceBindings)).toBe("zoomIn");
  });

  it("of other letters go by sign, or by place where the layout has no Latin letters", () => {
    expect(commandFor(stroke("f", "KeyY"), traceBindings)).toBe("focus");
    expect(commandFor(stroke("а", "KeyF"), traceBindings)).toBe("focus");
  });

  it("tell Shift apart for letters and do not care for signs", () => {
    expect(commandFor(stroke("E", "KeyE", { shiftKey: true }), traceBindings)).toBe(
      "previousError",
    );
    expect(commandFor(stroke("/", "Digit7", { shiftKey: true }), traceBindings)).toBe("search");
    expect(commandFor(stroke("{", "BracketLeft", { shiftKey: true }), traceBindings)).toBe(
      "collapseLevel",
    );
  });

  it("with Ctrl, Meta or Alt belong to the browser", () => {
    for (const modifier of ["ctrlKey", "metaKey", "altKey"] as const) {
      expect(commandFor(stroke("f", "KeyF", { [modifier]: true }), traceBindings)).toBeUndefined();
    }
  });
});
