// What the parts of a text are, for highlighting. Takes any text.

import type { Place } from "./ast.ts";
import { lex } from "./lexer.ts";
import { MAX_TEXT } from "./limits.ts";
import type { Token } from "./token.ts";
import { literalWords, unscopedIntrinsics } from "./vocabulary.ts";

export type TokenClass =
  | "attribute"
  | "intrinsic"
  | "function"
  | "literal"
  | "string"
  | "number"
  | "operator"
  | "bracket"
  | "comment"
  | "error";

export interface ClassifiedToken {
  readonly at: Place;
  readonly class: TokenClass;
}

/** The tokens of a text in order, without the blanks between them; none for a text beyond the limit. */
export function tokens(text: string): readonly ClassifiedToken[] {
  if (text.length > MAX_TEXT) return [];
  const all = lex(text);
  return all.slice(0, -1).map((token) => ({ at: token.at, class: classOf(token) }));
}

function classOf(token: Token): TokenClass {
  switch (token.kind) {
    case "attribute":
    case "intrinsic":
    case "string":
    case "comment":
      return token.kind;
    case "int":
    case "float":
    case "duration":
      return "number";
    case "bad":
      return "error";
    case "word":
      if (literalWords.includes(token.word)) return "literal";
      return unscopedIntrinsics.has(token.word) || token.word === "parent"
        ? "intrinsic"
        : "function";
    case "{":
    case "}":
    case "(":
    case ")":
    case ",":
      return "bracket";
    default:
      return "operator";
  }
}
