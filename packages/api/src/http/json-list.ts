// Answers that are mostly one long list, sent item by item: a text of all of them would hold the process
// while it is written, and stand in memory as often as there are askers.

import type { Readable } from "node:stream";
import { textStream } from "./large-pieces.ts";

/** JSON text of `answer`, in which the list under `name` stands first and is written when it is read. */
export function jsonWithList<K extends string>(
  answer: Readonly<Record<K, readonly unknown[]>>,
  name: K,
): Readable {
  const { [name]: items, ...others } = answer;
  const rest = JSON.stringify(others);
  return jsonList(`{${JSON.stringify(name)}:`, items, rest === "{}" ? "}" : `,${rest.slice(1)}`);
}

/** The items as a JSON list, each made and written when it is read, between two texts. */
export function jsonList(before: string, items: Iterable<unknown>, after: string): Readable {
  return textStream(pieces(before, items, after));
}

function* pieces(before: string, items: Iterable<unknown>, after: string): Generator<string> {
  yield `${before}[`;
  let comma = "";
  for (const item of items) {
    yield comma + JSON.stringify(item);
    comma = ",";
  }
  yield `]${after}`;
}
