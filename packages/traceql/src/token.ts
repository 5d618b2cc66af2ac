// Tokens of TraceQL. The lexer never throws: what it cannot read becomes a token of kind `bad`, so that
// highlighting and completion work on half-typed text.

import type { AttributeScope, IntrinsicName, Owner, Place } from "./ast.ts";

/** Longest first: the lexer takes the first that fits. */
export const symbols = [
  "!>>",
  "!<<",
  "&>>",
  "&<<",
  "&&",
  "&>",
  "&<",
  "&~",
  "||",
  ">>",
  "<<",
  "!>",
  "!<",
  "!~",
  "!=",
  "=~",
  "<=",
  ">=",
  "{",
  "}",
  "(",
  ")",
  ",",
  "|",
  "=",
  "<",
  ">",
  "~",
  "!",
  "+",
  "-",
  "*",
  "/",
  "%",
  "^",
] as const;
export type SymbolKind = (typeof symbols)[number];

export type Token = { readonly at: Place } & (
  | { readonly kind: SymbolKind | "end" }
  | { readonly kind: "word"; readonly word: string }
  | {
      readonly kind: "attribute";
      readonly owner: Owner;
      readonly scope: AttributeScope;
      readonly name: string;
    }
  | { readonly kind: "intrinsic"; readonly owner: Owner; readonly name: IntrinsicName }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "int" | "duration"; readonly value: bigint }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "comment" }
  | { readonly kind: "bad"; readonly reason: string; readonly hint?: string | undefined }
);
