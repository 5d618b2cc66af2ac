// JSON with line breaks, for `prettyPrint`: four spaces a level, as Jaeger writes it.

import { Readable } from "node:stream";

const INDENT = "    ";
const SPACE = /\s/;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** An answer as it would be sent, an object or a stream of JSON, with line breaks. */
export function indented(answer: unknown): Readable | string {
  if (!(answer instanceof Readable)) return JSON.stringify(answer, null, INDENT);
  return Readable.from(indentedPieces(answer.setEncoding("utf8")), { objectMode: false });
}

async function* indentedPieces(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  const indenter = new JsonIndenter();
  for await (const piece of pieces) yield indenter.add(piece);
}

/** Takes JSON in pieces that may end anywhere. */
export class JsonIndenter {
  #depth = 0;
  #isInText = false;
  #isEscaped = false;
  /** The last thing was the bracket that opens a list or an object, of which it is not known if it is empty. */
  #isOpen = false;

  add(piece: string): string {
    let out = "";
    for (let at = 0; at < piece.length; ) {
      const from = at;
      if (this.#isInText) {
        at = this.#endOfText(piece, from);
        out += piece.slice(from, at);
      } else {
        at++;
        out += this.#outside(piece.charAt(from));
      }
    }
    return out;
  }

  /** Where the text ends that `from` lies in, its quote included; or the piece. */
  #endOfText(piece: string, from: number): number {
    for (let at = from; at < piece.length; at++) {
      const code = piece.charCodeAt(at);
      if (this.#isEscaped) this.#isEscaped = false;
      else if (code === BACKSLASH) this.#isEscaped = true;
      else if (code === QUOTE) {
        this.#isInText = false;
        return at + 1;
      }
    }
    return piece.length;
  }

  #outside(character: string): string {
    if (SPACE.test(character)) return "";
    switch (character) {
      case "{":
      case "[": {
        const before = this.#beforeValue();
        this.#depth++;
        this.#isOpen = true;
        return before + character;
      }
      case "}":
      case "]": {
        this.#depth--;
        const before = this.#isOpen ? "" : this.#newLine();
        this.#isOpen = false;
        return before + character;
      }
      case ",":
        return `,${this.#newLine()}`;
      case ":":
        return ": ";
      default:
        this.#isInText = character === '"';
        return this.#beforeValue() + character;
    }
  }

  #beforeValue(): string {
    if (!this.#isOpen) return "";
    this.#isOpen = false;
    return this.#newLine();
  }

  #newLine(): string {
    return `\n${INDENT.repeat(this.#depth)}`;
  }
}
