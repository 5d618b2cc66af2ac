// Answers that are mostly one long list, sent item by item: a text of all of them would hold the process
// while it is written, and stand in memory as often as there are askers.

import type { Readable } from "node:stream";
import { textStream } from "./large-pieces.ts";

/** JSON text of `answer`, in which the list under `name` stands first and is written when it is read. */
export function jsonWithList<K extends string>(
  answer: Readonly<Record<K, readonly unknown[]>>,
  name: K,
): Readable {
  return textStream(pieces(answer, name));
}

function* pieces<K extends string>(
  answer: Readonly<Record<K, readonly unknown[]>>,
  name: K,
): Generator<string> {
  const { [name]: items, ...others } = answer;
  yield `{${JSON.stringify(name)}:[`;
  let comma = "";
  for (const item of items) {
    yield comma + JSON.stringify(item);
    comma = ",";
  }
  const rest = JSON.stringify(others);
  yield rest === "{}" ? "]}" : `],${rest.slice(1)}`;
}
