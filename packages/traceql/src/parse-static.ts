// Literals as nodes of the tree: values by themselves and the words that stand for values.

import type { FieldExpression, Place, Static } from "./ast.ts";
import type { Cursor } from "./cursor.ts";
import { kindWords, MAX_INT, MIN_INT, statusWords } from "./vocabulary.ts";

/** The literal with its sign folded in. */
export function negated(value: FieldExpression, at: Place): Static | undefined {
  if (value.kind !== "static") return undefined;
  if (value.type === "float") return { ...value, value: -value.value, at };
  if (value.type !== "int" && value.type !== "duration") return undefined;
  // The negative of the least integer does not fit; it keeps its sign outside.
  return value.value === MIN_INT ? undefined : { ...value, value: -value.value, at };
}

/** A literal, or undefined when there is none. A minus is not part of it. */
export function parseStatic(cursor: Cursor, afterMinus = false): Static | undefined {
  const { token } = cursor;
  const { at } = token;
  switch (token.kind) {
    case "string":
      cursor.take();
      return { kind: "static", type: "string", value: token.value, at };
    case "int":
    case "duration": {
      cursor.take();
      return { kind: "static", type: token.kind, value: token.value, at };
    }
    case "float":
      cursor.take();
      return { kind: "static", type: "float", value: token.value, at };
    case "word":
      return parseWordStatic(cursor, token.word, at);
    default:
      if (afterMinus) cursor.unexpected(["a number"]);
      return undefined;
  }
}

function parseWordStatic(cursor: Cursor, word: string, at: Place): Static | undefined {
  const value = wordStatic(word, at);
  if (value !== undefined) cursor.take();
  return value;
}

function wordStatic(word: string, at: Place): Static | undefined {
  if (word === "true" || word === "false")
    return { kind: "static", type: "bool", value: word === "true", at };
  if (word === "nil") return { kind: "static", type: "nil", at };
  if (word === "maxInt") return { kind: "static", type: "int", value: MAX_INT, at };
  if (word === "minInt") return { kind: "static", type: "int", value: MIN_INT, at };
  if (statusWords.has(word))
    return { kind: "static", type: "status", value: word as StatusWord, at };
  if (kindWords.has(word)) return { kind: "static", type: "kind", value: word as KindWord, at };
  return undefined;
}
type StatusWord = Extract<Static, { type: "status" }>["value"];
type KindWord = Extract<Static, { type: "kind" }>["value"];
