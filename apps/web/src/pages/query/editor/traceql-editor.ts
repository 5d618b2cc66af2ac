// The query bar: CodeMirror with TraceQL's own lexer and completion. No React in here.

import { parse } from "@clew/traceql";
import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
  completionStatus,
  currentCompletions,
  selectedCompletion,
  selectedCompletionIndex,
} from "@codemirror/autocomplete";
import { history, historyKeymap, insertNewline, standardKeymap } from "@codemirror/commands";
import { Compartment, EditorState, Prec, Transaction } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightSpecialChars,
  keymap,
  placeholder,
  tooltips,
} from "@codemirror/view";
import type { ResolvedRange } from "../../../router/time-range.ts";
import { type FaultPlace, faultMarking, highlighting, showFault } from "./highlight.ts";
import { suggester } from "./suggest.ts";

export interface EditorOptions {
  readonly text: string;
  readonly label: string;
  /** Id of the element that tells the fault. */
  readonly describedBy: string;
  readonly placeholder: string;
  readonly range: () => ResolvedRange;
  readonly onChange: (text: string) => void;
  readonly onRun: (text: string) => void;
  /** An earlier (1) or later (-1) query than the text; undefined when there is none. */
  readonly onRecall: (by: 1 | -1) => string | undefined;
}

export class TraceqlEditor {
  readonly #view: EditorView;
  readonly #attributes = new Compartment();
  readonly #options: EditorOptions;

  constructor(host: HTMLElement, options: EditorOptions) {
    this.#options = options;
    this.#view = new EditorView({ parent: host, state: this.#state() });
  }

  /** Puts another text in place of the present one, unless it is the same. */
  setText(text: string): void {
    const { doc } = this.#view.state;
    if (doc.toString() === text) return;
    closeCompletion(this.#view);
    this.#view.dispatch({
      changes: { from: 0, to: doc.length, insert: text },
      selection: { anchor: text.length },
      annotations: Transaction.userEvent.of("set"),
    });
  }

  setFault(place: FaultPlace | undefined): void {
    showFault(this.#view, place);
    this.#view.dispatch({
      effects: this.#attributes.reconfigure(this.#contentAttributes(place !== undefined)),
    });
  }

  focus(): void {
    this.#view.focus();
  }

  dispose(): void {
    this.#view.destroy();
  }

  #contentAttributes(isFaulty: boolean): ReturnType<typeof EditorView.contentAttributes.of> {
    return EditorView.contentAttributes.of({
      "aria-label": this.#options.label,
      "aria-multiline": "true",
      "aria-invalid": String(isFaulty),
      "aria-describedby": this.#options.describedBy,
      spellcheck: "false",
      autocapitalize: "off",
      autocorrect: "off",
    });
  }

  #state(): EditorState {
    const { text, onChange, range } = this.#options;
    return EditorState.create({
      doc: text,
      extensions: [
        history(),
        drawSelection(),
        highlightSpecialChars(),
        EditorView.lineWrapping,
        placeholder(this.#options.placeholder),
        EditorState.languageData.of(() => [{ closeBrackets: { brackets: ["(", "{", '"', "`"] } }]),
        closeBrackets(),
        EditorView.inputHandler.of(spaceOutBraces),
        autocompletion({
          override: [suggester(range)],
          icons: false,
          maxRenderedOptions: 80,
          activateOnTypingDelay: 60,
          interactionDelay: 0,
          tooltipClass: () => "tq-suggestions",
        }),
        tooltips({ position: "fixed" }),
        highlighting,
        faultMarking,
        this.#attributes.of(this.#contentAttributes(false)),
        Prec.highest(keymap.of(this.#keys())),
        keymap.of([
          ...closeBracketsKeymap,
          ...standardKeymap,
          ...historyKeymap,
          ...completionKeymap,
        ]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(update.state.doc.toString());
        }),
      ],
    });
  }

  #keys(): readonly { key: string; run: (view: EditorView) => boolean }[] {
    const { onRun, onRecall } = this.#options;
    const run = (view: EditorView): boolean => {
      closeCompletion(view);
      onRun(view.state.doc.toString());
      return true;
    };
    const recall = (by: 1 | -1) => (): boolean => {
      const text = onRecall(by);
      if (text !== undefined) this.setText(text);
      return true;
    };
    return [
      {
        key: "Enter",
        run: (view) => (isSuggestionMeant(view.state) && acceptCompletion(view)) || run(view),
      },
      { key: "Mod-Enter", run },
      { key: "Shift-Enter", run: insertNewline },
      { key: "Tab", run: acceptCompletion },
      { key: "Alt-ArrowUp", run: recall(1) },
      { key: "Alt-ArrowDown", run: recall(-1) },
      {
        key: "Escape",
        run: (view) => {
          if (!closeCompletion(view)) view.contentDOM.blur();
          return true;
        },
      },
    ];
  }
}

/** A blank after the brace that opens gives one before the brace that the editor closed it with. */
function spaceOutBraces(view: EditorView, from: number, to: number, text: string): boolean {
  if (text !== " " || from !== to || view.state.sliceDoc(from - 1, from + 1) !== "{}") return false;
  view.dispatch({
    changes: { from, insert: "  " },
    selection: { anchor: from + 1 },
    userEvent: "input.type",
  });
  return true;
}

/**
 * Whether Enter takes the suggestion. Where the query is complete as it stands, Enter runs it, unless a suggestion
 * was picked by an arrow key or a word is half-typed.
 */
function isSuggestionMeant(state: EditorState): boolean {
  if (completionStatus(state) !== "active" || currentCompletions(state).length === 0) return false;
  if ((selectedCompletionIndex(state) ?? 0) > 0) return true;
  const word = /[\w.:"`-]*$/.exec(state.sliceDoc(0, state.selection.main.head))?.[0] ?? "";
  if (word === selectedCompletion(state)?.label) return false;
  try {
    parse(state.doc.toString());
    return false;
  } catch {
    return true;
  }
}
