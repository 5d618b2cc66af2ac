// Whether a pattern is one of RE2 (github.com/google/re2/wiki/Syntax), the only expressions whose time is linear in
// the text. Names what RE2 leaves out on purpose: look-around, back-references, possessive and atomic groups.

const MAX_REPEAT = 1000;
/** Of all repetitions together, as often as they are themselves repeated: a few thousand take the engine seconds a row. */
const MAX_REPETITIONS = 2000;
const MAX_GROUPS = 100;
const ESCAPED_LETTERS: ReadonlySet<string> = new Set("dDsSwWbBAzaftnrvC");
const POSIX_CLASS =
  /\[:\^?(?:alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]/y;
const FLAGS = /\(\?[imsU]*(?:-[imsU]+)?([:)])/y;
const NAMED = /\(\?P?<([A-Za-z_][A-Za-z0-9_]*)>/y;
const REPEAT = /\{(\d{1,9})(?:(,)(\d{0,9}))?\}/y;
const HEX = /\\x(?:[0-9a-fA-F]{2}|\{([0-9a-fA-F]{1,6})\})/y;
const UNICODE_CLASS = /\\[pP](?:(\p{L})|\{\^?(\w+)\})/uy;

/** What is wrong with a pattern, undefined for one that RE2 takes. */
export function regexFault(pattern: string): string | undefined {
  const reader = new PatternReader(pattern);
  while (reader.position < pattern.length) {
    const fault = reader.step();
    if (fault !== undefined) return fault;
  }
  return reader.depth > 0 ? "a ( is not closed" : undefined;
}

class PatternReader {
  readonly #pattern: string;
  position = 0;
  depth = 0;
  /** Whether the last item can be repeated. */
  #repeatable = false;
  #repeated = false;
  /** How often the last item is repeated inside, counts that are nested multiplied. */
  #inner = 1;
  /** The most of that so far, in each open group. */
  readonly #within = [1];
  #repetitions = 0;
  readonly #names = new Set<string>();

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  /** Reads one item; answers what is wrong with it. */
  step(): string | undefined {
    switch (this.#pattern[this.position]) {
      case "(":
        return this.#open();
      case ")":
        if (this.depth-- === 0) return "a ) has no (";
        return this.#item(1, true, this.#within.pop());
      case "[":
        return this.#set();
      case "\\":
        return this.#escape();
      case "*":
      case "+":
      case "?":
        return this.#repeat(1);
      case "{":
        return this.#counted();
      case "|":
      case "^":
        return this.#item(1, this.#pattern[this.position] === "^");
      default:
        return this.#item(
          String.fromCodePoint(this.#pattern.codePointAt(this.position) ?? 0).length,
        );
    }
  }

  #item(length: number, repeatable = true, inner = 1): undefined {
    this.position += length;
    this.#inner = inner;
    this.#nest(inner);
    this.#repeatable = repeatable;
    this.#repeated = false;
  }

  #nest(inner: number): void {
    const last = this.#within.length - 1;
    this.#within[last] = Math.max(this.#within[last] ?? 1, inner);
  }

  #match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.position;
    return expression.exec(this.#pattern) ?? undefined;
  }

  #open(): string | undefined {
    if (this.depth >= MAX_GROUPS) return `groups are nested deeper than ${MAX_GROUPS}`;
    const rest = this.#pattern.slice(this.position, this.position + 4);
    if (/^\(\?<?[=!]/.test(rest)) return "RE2 has no look-ahead or look-behind";
    if (rest.startsWith("(?>")) return "RE2 has no atomic groups";
    if (rest.startsWith("(?#")) return "RE2 has no comments";
    if (rest.startsWith("(?(")) return "RE2 has no conditional groups";
    if (!rest.startsWith("(?")) return this.#opened(1);
    const flags = this.#match(FLAGS);
    if (flags !== undefined) return this.#flags(flags);
    const named = this.#match(NAMED);
    if (named === undefined) return `${rest.slice(0, 3)} begins no group that RE2 knows`;
    const name = named[1] as string;
    if (this.#names.has(name)) return `two groups are named ${name}`;
    this.#names.add(name);
    return this.#opened(named[0].length);
  }

  /** `(?i)` changes what follows and is nothing by itself: a repetition after it repeats what stands before. */
  #flags([whole, mark]: RegExpExecArray): undefined {
    if (mark === ":") return this.#opened(whole.length);
    return this.#item(whole.length, this.#repeatable);
  }

  #opened(length: number): undefined {
    this.depth++;
    this.#item(length, false);
    this.#within.push(1);
    return undefined;
  }

  #repeat(length: number, count = 1): string | undefined {
    const mark = this.#pattern.slice(this.position, this.position + length);
    if (this.#repeated) {
      if (mark === "+") return "RE2 has no possessive repetition";
      return `${mark} repeats a repetition`;
    }
    if (!this.#repeatable) return `${mark} has nothing to repeat`;
    this.#inner *= Math.max(1, count);
    if (this.#inner > MAX_REPEAT)
      return `repetitions inside one another repeat more than ${MAX_REPEAT} times`;
    this.#nest(this.#inner);
    this.#repetitions += this.#inner;
    if (this.#repetitions > MAX_REPETITIONS) return `more than ${MAX_REPETITIONS} repetitions`;
    this.position += length;
    if (this.#pattern[this.position] === "?") this.position++;
    this.#repeated = true;
    return undefined;
  }

  #counted(): string | undefined {
    const counted = this.#match(REPEAT);
    // A brace that counts nothing stands for itself.
    if (counted === undefined) return this.#item(1);
    const [whole, least = "", comma, most = ""] = counted;
    const top = comma === undefined ? least : most;
    if (Number(least) > MAX_REPEAT || Number(top || "0") > MAX_REPEAT)
      return `${whole} repeats more than ${MAX_REPEAT} times`;
    if (top !== "" && Number(top) < Number(least)) return `${whole} counts backwards`;
    return this.#repeat(whole.length, Number(top || least));
  }

  #escape(): string | undefined {
    const next = this.#pattern[this.position + 1];
    if (next === undefined) return "it ends with a backslash";
    if (next === "Q") return this.#quoted();
    if (/[1-9]/.test(next)) return "RE2 has no back-references";
    if (next === "k") return "RE2 has no back-references";
    const length = this.#escapeLength();
    if (typeof length === "string") return length;
    return this.#item(length);
  }

  /** `\Q...\E`; without its end it would quote what is put behind the pattern to match whole values. */
  #quoted(): string | undefined {
    const close = this.#pattern.indexOf("\\E", this.position);
    if (close < 0) return "a \\Q is not closed with \\E";
    return this.#item(close + 2 - this.position);
  }

  /** Length of the escape, or what is wrong with it; for sets too. */
  #escapeLength(): number | string {
    const next = this.#pattern[this.position + 1] ?? "";
    if (next === "x") {
      const hex = this.#match(HEX);
      if (hex === undefined || Number.parseInt(hex[1] ?? "0", 16) > 0x10ffff)
        return "\\x takes two hexadecimal digits, or up to six between braces";
      return hex[0].length;
    }
    if (next === "p" || next === "P") {
      const found = this.#match(UNICODE_CLASS);
      if (found === undefined || !isUnicodeClass(found[1] ?? found[2] ?? ""))
        return "\\p names no class of characters";
      return found[0].length;
    }
    if (next === "0")
      return (
        2 +
        (/^[0-7]{1,2}/.exec(this.#pattern.slice(this.position + 2, this.position + 4))?.[0]
          .length ?? 0)
      );
    if (/[A-Za-z0-9\u0080-\uffff]/.test(next) && !ESCAPED_LETTERS.has(next))
      return `RE2 has no escape \\${next}`;
    return 1 + String.fromCodePoint(this.#pattern.codePointAt(this.position + 1) ?? 0).length;
  }

  #set(): string | undefined {
    this.position++;
    if (this.#pattern[this.position] === "^") this.position++;
    let first = true;
    let low: number | undefined;
    while (first || this.#pattern[this.position] !== "]") {
      if (this.position >= this.#pattern.length) return "a [ is not closed";
      const member = this.#member();
      if (typeof member === "string") return member;
      const ranges =
        this.#pattern[this.position] === "-" && this.#pattern[this.position + 1] !== "]";
      if (low !== undefined) {
        if (member === undefined || member < low) return "a range between [ and ] runs backwards";
        low = undefined;
      } else if (ranges && member !== undefined && this.position + 1 < this.#pattern.length) {
        low = member;
        this.position++;
      }
      first = false;
    }
    return this.#item(1);
  }

  /** A member of a set: its code point, undefined for a class, or what is wrong with it. */
  #member(): number | undefined | string {
    const posix = this.#match(POSIX_CLASS);
    if (posix !== undefined) {
      this.position += posix[0].length;
      return undefined;
    }
    if (this.#match(/\[:\^?\w+:\]/y) !== undefined) return "there is no such class of characters";
    const point = this.#pattern.codePointAt(this.position) ?? 0;
    if (point !== 92) {
      this.position += point > 0xffff ? 2 : 1;
      return point;
    }
    if (this.position + 1 >= this.#pattern.length) return "a [ is not closed";
    if (/[1-9kbBAzC]/.test(this.#pattern[this.position + 1] ?? ""))
      return `\\${this.#pattern[this.position + 1]} has no meaning between [ and ]`;
    const length = this.#escapeLength();
    if (typeof length === "string") return length;
    const escape = this.#pattern.slice(this.position, this.position + length);
    this.position += length;
    return escapedPoint(escape);
  }
}

/** Code point that an escape stands for; undefined for a class. */
function escapedPoint(escape: string): number | undefined {
  const letter = escape[1] ?? "";
  if (letter === "x") return Number.parseInt(escape.slice(2).replace(/[{}]/g, ""), 16);
  if (letter === "0") return Number.parseInt(escape.slice(1), 8);
  const control = "abtnvfr".indexOf(letter);
  if (control >= 0) return 7 + control;
  if (/[dDsSwWpP]/.test(letter)) return undefined;
  return escape.codePointAt(1);
}

/** General categories and scripts, as the engine's own tables have them. */
function isUnicodeClass(name: string): boolean {
  if (name === "Any") return true;
  for (const property of [name, `Script=${name}`]) {
    try {
      void new RegExp(`\\p{${property}}`, "u");
      return /^[A-Z][a-z]?$/.test(name) || property !== name;
    } catch {
      // Not this kind of property.
    }
  }
  return false;
}
