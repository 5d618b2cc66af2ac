// Attributes and intrinsics as nodes of the tree.

import type { FieldReference, Intrinsic, IntrinsicName, Owner, Place } from "./ast.ts";
import type { Cursor, TokenOf } from "./cursor.ts";
import { nearest } from "./suggest.ts";
import { literalWords, unscopedIntrinsics } from "./vocabulary.ts";

/** An attribute or intrinsic, or undefined when there is none. */
export function acceptReference(cursor: Cursor): FieldReference | undefined {
  const { token } = cursor;
  const text = cursor.text.slice(token.at.start, token.at.end);
  if (token.kind === "attribute") {
    cursor.take();
    const { owner, scope, name, at } = token;
    return { kind: "attribute", owner, scope, name, text, at };
  }
  if (token.kind === "intrinsic") {
    cursor.take();
    return intrinsic(token.owner, token.name, text, token.at);
  }
  if (token.kind !== "word") return undefined;
  // Bare `parent` can only be compared with nil: it stands for its span's id.
  if (token.word === "parent") {
    cursor.take();
    return intrinsic("parent", "span:id", text, token.at);
  }
  const name = unscopedIntrinsics.get(token.word);
  if (name === undefined) return undefined;
  cursor.take();
  return intrinsic("self", name, text, token.at);
}

function intrinsic(owner: Owner, name: IntrinsicName, text: string, at: Place): Intrinsic {
  return { kind: "intrinsic", owner, name, text, at };
}

/** An attribute or intrinsic where nothing else may stand. */
export function parseReference(cursor: Cursor): FieldReference {
  const reference = acceptReference(cursor);
  if (reference !== undefined) return reference;
  const { token } = cursor;
  if (token.kind === "word" && !literalWords.includes(token.word))
    return unknownWord(cursor, token);
  return cursor.unexpected(["an attribute", "an intrinsic"]);
}

/** Fails on a word that is neither intrinsic nor value. */
export function unknownWord(cursor: Cursor, token: TokenOf<"word">): never {
  const { word, at } = token;
  const known = [...unscopedIntrinsics.keys(), ...literalWords];
  const guess = word === "childCount" ? "span:childCount" : nearest(word, known);
  const scopes = `attributes begin with a dot or a scope: .${word}, span.${word}, resource.${word}`;
  const hint = guess === undefined ? scopes : `did you mean ${guess}? ${scopes}`;
  return cursor.fail(at, `${word} is not a word of TraceQL`, { hint });
}

/** `a, b, c`; at least one. */
export function parseReferences(cursor: Cursor): FieldReference[] {
  const fields = [parseReference(cursor)];
  while (cursor.accept(",") !== undefined) {
    cursor.countTerm();
    fields.push(parseReference(cursor));
  }
  return fields;
}
