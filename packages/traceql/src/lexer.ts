// Text to tokens. Names of attributes run until a blank or one of `{}()=~!<>&|^,`, so `+ - * / % :` are part of
// them: `.a+1` is one name, `.a + 1` a sum. Parts of a name may be quoted, with the escapes \" and \\.

import type { AttributeScope, Owner } from "./ast.ts";
import { scanNumber, scanString } from "./scan-literal.ts";
import { nearest } from "./suggest.ts";
import { symbols, type Token } from "./token.ts";
import {
  attributeScopes,
  intrinsicNames,
  intrinsicScopes,
  intrinsicTypes,
  unscopedIntrinsics,
} from "./vocabulary.ts";

const BLANK = /\s+/y;
const WORD = /[\p{L}_][\p{L}\p{N}_]*/uy;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const NAME_PART = /[^\s{}()=~!<>&|^,"\u0000]+/y;
const OWNED = /(parent|root)\./y;
const SCOPED = new RegExp(`(${attributeScopes.join("|")})\\.`, "y");
const SCOPED_INTRINSIC = new RegExp(`(${intrinsicScopes.join("|")}):([\\p{L}\\p{N}_]*)`, "uy");
const STARTS_NUMBER = /\.?\d/y;

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

/** All tokens, the last of kind `end`; comments among them. */
export function lex(text: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  for (;;) {
    position += match(BLANK, text, position)?.[0].length ?? 0;
    if (position >= text.length) break;
    const token = scan(text, position);
    tokens.push(token);
    position = token.at.end;
  }
  tokens.push({ kind: "end", at: { start: text.length, end: text.length } });
  return tokens;
}

function scan(text: string, start: number): Token {
  const first = text[start] as string;
  if (first === '"' || first === "`") return scanString(text, start);
  if (match(STARTS_NUMBER, text, start) !== undefined) return scanNumber(text, start);
  if (first === "/") {
    const comment = match(COMMENT, text, start)?.[0];
    if (comment !== undefined)
      return { kind: "comment", at: { start, end: start + comment.length } };
    if (text.startsWith("/*", start))
      return { kind: "bad", at: { start, end: text.length }, reason: "the comment is not closed" };
  }
  if (first === ".") return scanName(text, start, start + 1, "self", "any");
  return scanReference(text, start) ?? scanWord(text, start) ?? scanSymbol(text, start);
}

function scanSymbol(text: string, start: number): Token {
  for (const kind of symbols) {
    if (!text.startsWith(kind, start)) continue;
    // Two signs of equality are a habit of other languages, never two tokens of this one.
    if (kind === "=" && text[start + 1] === "=") break;
    return { kind, at: { start, end: start + kind.length } };
  }
  if (text.startsWith("==", start)) {
    const at = { start, end: start + 2 };
    return { kind: "bad", at, reason: "there is no operator ==", hint: "equality is written =" };
  }
  const character = String.fromCodePoint(text.codePointAt(start) ?? 0);
  const hint = character === "'" ? 'strings stand between " or backticks' : undefined;
  const at = { start, end: start + character.length };
  return { kind: "bad", at, reason: `unexpected character ${visible(character)}`, hint };
}

function visible(character: string): string {
  if (!/[\p{C}\p{Z}]/u.test(character)) return character;
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

function scanWord(text: string, start: number): Token | undefined {
  const word = match(WORD, text, start)?.[0];
  if (word === undefined) return undefined;
  const end = start + word.length;
  const mark = text[end];
  if (mark === "." || mark === ":") return unknownScope(text, start, end);
  return { kind: "word", at: { start, end }, word };
}

function unknownScope(text: string, start: number, end: number): Token {
  const scope = text.slice(start, end);
  const isAttribute = text[end] === ".";
  const known = isAttribute ? [...attributeScopes, "parent", "root"] : intrinsicScopes;
  const guess = nearest(scope, known);
  const mark = text[end] as string;
  let hint = `scopes are ${known.map((name) => name + mark).join(" ")}`;
  if (guess !== undefined) hint = `did you mean ${guess}${mark}?`;
  else if (isAttribute)
    hint = `attributes begin with a dot or a scope: .${scope}, span.${scope}; ${hint}`;
  const name = match(NAME_PART, text, end)?.[0] ?? mark;
  const at = { start, end: end + name.length };
  return { kind: "bad", at, reason: `there is no scope ${scope}${mark}`, hint };
}

/** `span.x`, `parent.resource.x`, `span:duration`, `root.name`. */
function scanReference(text: string, start: number): Token | undefined {
  const owner = match(OWNED, text, start)?.[1] as Owner | undefined;
  const after = owner === undefined ? start : start + owner.length + 1;
  const scope = match(SCOPED, text, after)?.[1] as AttributeScope | undefined;
  if (scope !== undefined)
    return scanName(text, start, after + scope.length + 1, owner ?? "self", scope);
  const intrinsic = match(SCOPED_INTRINSIC, text, after);
  if (intrinsic !== undefined) return intrinsicToken(start, after, owner ?? "self", intrinsic);
  return owner === undefined ? undefined : scanName(text, start, after, owner, "any");
}

function intrinsicToken(
  start: number,
  after: number,
  owner: Owner,
  [name, scope = "", word = ""]: RegExpExecArray,
): Token {
  const at = { start, end: after + name.length };
  if (Object.hasOwn(intrinsicTypes, name))
    return { kind: "intrinsic", at, owner, name: name as keyof typeof intrinsicTypes };
  const siblings = intrinsicNames.filter((known) => known.startsWith(`${scope}:`));
  const words = siblings.map((known) => known.slice(scope.length + 1));
  const older = unscopedIntrinsics.get(word);
  const guess = nearest(word, words);
  let hint = `${scope}: has ${words.join(", ")}`;
  if (older !== undefined) hint = `did you mean ${older}?`;
  else if (guess !== undefined) hint = `did you mean ${scope}:${guess}?`;
  return { kind: "bad", at, reason: `there is no intrinsic ${name}`, hint };
}

/** A name from `from` on, of a reference that begins at `start`. */
function scanName(
  text: string,
  start: number,
  from: number,
  owner: Owner,
  scope: AttributeScope,
): Token {
  let name = "";
  let end = from;
  let quoted = false;
  for (;;) {
    const plain = match(NAME_PART, text, end)?.[0];
    if (plain !== undefined) {
      name += plain;
      end += plain.length;
    } else if (text[end] === '"') {
      quoted = true;
      const part = quotedPart(text, end);
      if (part === undefined)
        return {
          kind: "bad",
          at: { start, end: text.length },
          reason: 'a name lacks its closing "',
        };
      name += part.name;
      end = part.end;
    } else break;
  }
  const at = { start, end };
  if (owner !== "self" && scope === "any" && !quoted) {
    const intrinsic = unscopedIntrinsics.get(name);
    if (intrinsic !== undefined) return { kind: "intrinsic", at, owner, name: intrinsic };
  }
  if (name !== "") return { kind: "attribute", at, owner, scope, name };
  return {
    kind: "bad",
    at,
    reason: "an attribute's name is missing",
    hint: "for example .http.route",
  };
}

/** From the opening to the closing quote. */
function quotedPart(text: string, open: number): { name: string; end: number } | undefined {
  let name = "";
  for (let i = open + 1; i < text.length; i++) {
    const character = text[i] as string;
    if (character === '"') return { name, end: i + 1 };
    const escaped = character === "\\" && (text[i + 1] === '"' || text[i + 1] === "\\");
    name += escaped ? (text[++i] as string) : character;
  }
  return undefined;
}
