// Colours the tokens of the query and underlines its fault.

import { type TokenClass, tokens } from "@clew/traceql";
import {
  type Extension,
  RangeSetBuilder,
  StateEffect,
  StateField,
  type Text,
} from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  EditorView,
  ViewPlugin,
  type ViewUpdate,
} from "@codemirror/view";

const marks: Readonly<Record<TokenClass, Decoration>> = {
  attribute: Decoration.mark({ class: "tq-attribute" }),
  intrinsic: Decoration.mark({ class: "tq-intrinsic" }),
  function: Decoration.mark({ class: "tq-function" }),
  literal: Decoration.mark({ class: "tq-literal" }),
  string: Decoration.mark({ class: "tq-string" }),
  number: Decoration.mark({ class: "tq-literal" }),
  operator: Decoration.mark({ class: "tq-operator" }),
  bracket: Decoration.mark({ class: "tq-bracket" }),
  comment: Decoration.mark({ class: "tq-comment" }),
  error: Decoration.mark({ class: "tq-error" }),
};

function decorate(doc: Text): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  for (const { at, class: kind } of tokens(doc.toString()))
    builder.add(at.start, at.end, marks[kind]);
  return builder.finish();
}

export const highlighting: Extension = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = decorate(view.state.doc);
    }
    update(update: ViewUpdate): void {
      if (update.docChanged) this.decorations = decorate(update.state.doc);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

/** Half-open range of UTF-16 offsets. */
export interface FaultPlace {
  readonly start: number;
  readonly end: number;
}

const setFault = StateEffect.define<FaultPlace | undefined>();
const faultMark = Decoration.mark({ class: "tq-fault" });

function underline(place: FaultPlace | undefined, length: number): DecorationSet {
  if (place === undefined || length === 0) return Decoration.none;
  // A fault at the end of the text is shown under its last sign.
  const start = Math.min(place.start, length - 1);
  const end = Math.min(Math.max(place.end, start + 1), length);
  return Decoration.set(faultMark.range(start, end));
}

const faultField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(shown, transaction) {
    for (const effect of transaction.effects)
      if (effect.is(setFault)) return underline(effect.value, transaction.newDoc.length);
    return shown.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

export const faultMarking: Extension = faultField;

export function showFault(view: EditorView, place: FaultPlace | undefined): void {
  view.dispatch({ effects: setFault.of(place) });
}
