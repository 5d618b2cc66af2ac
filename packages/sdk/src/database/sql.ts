// SQL without the data in it: literals become `?`, comments go, and what the statement does to which tables is told
// (db.query.summary of semantic-conventions, docs/db/database-spans.md). One pass over the words of the text.

/** Where literals look different. */
export type Dialect = "postgresql" | "mysql";

/** A statement that is safe to keep. */
export interface Statement {
  readonly text: string;
  /** Such as `SELECT orders`; few of them, whatever the data. */
  readonly summary: string;
  readonly operation: string | undefined;
  /** The table, when there is just one. */
  readonly table: string | undefined;
}

const MOST_CHARACTERS = 8192;
const MOST_SUMMARY = 255;
const MOST_KEPT = 500;
const LONGEST_KEPT = 2048;

const COMMENT = String.raw`\/\*[\s\S]*?(?:\*\/|$)`;
const WORD = String.raw`[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*`;
const NUMBER = String.raw`(?:0[xXbBoO][\da-fA-F_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)`;
/** A quoted text without and with backslash as the escape character; one without an end reaches to the end. */
const quoted = (mark: string) => `${mark}[^${mark}]*(?:${mark}${mark}[^${mark}]*)*(?:${mark}|$)`;
const escaped = (mark: string) =>
  `${mark}[^${mark}\\\\]*(?:(?:${mark}${mark}|\\\\[\\s\\S]|\\\\$)[^${mark}\\\\]*)*(?:${mark}|$)`;

// Groups in order: what is left out, literals, names in quotes, words. Everything else stands for itself.
const TOKENS: Readonly<Record<Dialect, RegExp>> = {
  postgresql: new RegExp(
    [
      `(--[^\\n]*|${COMMENT}|\\s+)`,
      `([eE]${escaped("'")}|(?:[bBnNxX]|[uU]&)?${quoted("'")}|\\$(?:(${WORD.replace("$", "")}))?\\$[\\s\\S]*?(?:\\$\\3\\$|$)|(?<!\\$)${NUMBER})`,
      `((?:[uU]&)?${quoted('"')})`,
      `(${WORD})`,
      String.raw`\$\d+`,
      String.raw`[\s\S]`,
    ].join("|"),
    "g",
  ),
  mysql: new RegExp(
    [
      `(--(?=\\s|$)[^\\n]*|#[^\\n]*|${COMMENT}|\\s+)`,
      `((?:[bBnNxX])?${escaped("'")}|${escaped('"')}()|${NUMBER})`,
      `(${quoted("`")})`,
      `(${WORD})`,
      String.raw`@{1,2}[\w$.]*`,
      String.raw`[\s\S]`,
    ].join("|"),
    "g",
  ),
};

const BEFORE_TABLES: ReadonlySet<string> = new Set(["FROM", "JOIN", "INTO", "UPDATE", "TABLE"]);
const BETWEEN: ReadonlySet<string> = new Set([
  "ONLY",
  "LATERAL",
  "IF",
  "NOT",
  "EXISTS",
  "IGNORE",
  "LOW_PRIORITY",
]);
const MAIN: ReadonlySet<string> = new Set(["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"]);

/** Collects what the statement does while its words go by. */
class Summary {
  operation: string | undefined = undefined;
  readonly tables: string[] = [];
  /** Whether the next name is a table's. */
  #expecting = false;
  #name = "";
  /** Words since the last table: one may be its alias, after which a comma leads to the next table. */
  #since = 2;
  #depth = 0;
  #with = false;

  word(word: string): void {
    const upper = word.toUpperCase();
    if (this.operation === undefined) {
      this.operation = upper;
      this.#with = upper === "WITH";
      this.#expecting = BEFORE_TABLES.has(upper);
      return;
    }
    if (this.#with && this.#depth === 0 && MAIN.has(upper)) {
      this.operation = upper;
      this.#with = false;
    }
    if (BEFORE_TABLES.has(upper)) {
      this.end();
      // Not in `ON DUPLICATE KEY UPDATE a = 1`, `DO UPDATE SET`, `FOR UPDATE`.
      this.#expecting = upper !== "UPDATE" || this.operation === "UPDATE";
    } else if (!this.#expecting || !BETWEEN.has(upper)) this.name(word, upper === "AS");
  }

  /** A name, in quotes or not. */
  name(name: string, isAs = false): void {
    if (this.#expecting && (this.#name === "" || this.#name.endsWith("."))) this.#name += name;
    else {
      this.#keep();
      if (!isAs) this.#since++;
    }
  }

  /** Anything that is no name. */
  mark(mark: string): void {
    if (mark === "." && this.#name !== "") this.#name += ".";
    else if (mark === ",") {
      this.#keep();
      this.#expecting = this.#since < 2;
    } else {
      this.end();
      this.#since = 2;
      if (mark === "(") this.#depth++;
      else if (mark === ")") this.#depth--;
    }
  }

  #keep(): void {
    if (this.#name === "") return;
    if (!this.tables.includes(this.#name)) this.tables.push(this.#name);
    this.#name = "";
    this.#expecting = false;
    this.#since = 0;
  }

  end(): void {
    this.#keep();
    this.#expecting = false;
  }
}

/** Lists of literals and parameters, whose length says nothing about the statement. */
const LISTS = /\( ?(?:\?|\$\d+)(?: ?, ?(?:\?|\$\d+))+ ?\)/g;
const ROWS = /(\((?:\?|\$\d+)\))(?: ?, ?\((?:\?|\$\d+)\))+/g;

function read(sql: string, dialect: Dialect): Statement {
  const summary = new Summary();
  let text = "";
  for (const match of sql.slice(0, MOST_CHARACTERS).matchAll(TOKENS[dialect])) {
    const [token, blank, literal, , name, word] = match;
    if (blank !== undefined) {
      if (text !== "" && !text.endsWith(" ")) text += " ";
    } else if (literal !== undefined) {
      text += "?";
      summary.mark("?");
    } else {
      text += token;
      if (name !== undefined) summary.name(name.slice(1, -1));
      else if (word !== undefined) summary.word(word);
      else summary.mark(token);
    }
  }
  summary.end();
  const { operation, tables } = summary;
  return {
    text: text.replace(LISTS, "(?)").replace(ROWS, "$1").trimEnd(),
    summary: [operation ?? "", ...tables].join(" ").slice(0, MOST_SUMMARY),
    operation,
    table: tables.length === 1 ? tables[0] : undefined,
  };
}

const kept: Readonly<Record<Dialect, Map<string, Statement>>> = {
  postgresql: new Map(),
  mysql: new Map(),
};

/** `sql` without its literals. Programs have few statements, so the last hundreds are kept. */
export function statementOf(sql: string, dialect: Dialect): Statement {
  if (sql.length > LONGEST_KEPT) return read(sql, dialect);
  const known = kept[dialect].get(sql);
  if (known !== undefined) return known;
  const statement = read(sql, dialect);
  if (kept[dialect].size >= MOST_KEPT) kept[dialect].clear();
  kept[dialect].set(sql, statement);
  return statement;
}
