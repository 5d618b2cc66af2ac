// Texts of queries put together from generated parts.

import fc from "fast-check";

export function join(...parts: readonly (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> {
  const all = parts.map((part) => (typeof part === "string" ? fc.constant(part) : part));
  return fc.tuple(...all).map((texts) => texts.join(""));
}

/** One of the words between blanks. */
export function oneOf(words: string): fc.Arbitrary<string> {
  return fc.constantFrom(...words.split(" "));
}
