// Streams of text: an encoder's small chunks joined to pieces worth a system call.

import { Readable } from "node:stream";

/** Characters that are sent at once. */
const pieceLength = 64 * 1024;

/** A stream of the chunks; an error of their source destroys it. */
export function textStream(chunks: Iterable<string>): Readable {
  return Readable.from(inLargePieces(chunks), { objectMode: false });
}

function* inLargePieces(chunks: Iterable<string>): Generator<string> {
  let piece = "";
  for (const chunk of chunks) {
    piece += chunk;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}
