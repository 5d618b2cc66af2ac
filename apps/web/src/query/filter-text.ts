// Conditions of TraceQL as text, for links from every page. Small on purpose: the parser stays with the
// query page, so that other pages do not load it.

/** The types a literal in a condition may have. */
export type LiteralType = "string" | "int" | "float" | "bool" | "duration" | "status" | "kind";

export interface Literal {
  readonly type: LiteralType;
  /** A string as it is; the other types as TraceQL writes them. */
  readonly text: string;
}

const shortEscapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** The text between quotes, escaped. */
export function quoted(value: string): string {
  const escaped = value.replace(/[\u0000-\u001f\u007f"\\]/g, (sign) => {
    if (sign === '"' || sign === "\\") return `\\${sign}`;
    return shortEscapes[sign] ?? `\\x${sign.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `"${escaped}"`;
}

export function literalText({ type, text }: Literal): string {
  return type === "string" ? quoted(text) : text;
}

export type ReferenceScope = "any" | "span" | "resource" | "event" | "link" | "instrumentation";

/** A reference to an attribute: `span.http.route`, `.note`, `span."a key"`. `owner` is `parent`, `root` or "". */
export function attributeText(scope: ReferenceScope, key: string, owner = ""): string {
  const plain = /^[^\s{}()=~!<>&|^,"\\\u0000]+$/.test(key);
  const prefix = `${owner === "" ? "" : `${owner}.`}${scope === "any" ? "" : scope}`;
  // After an owner, a bare word may be an intrinsic, and after a bare dot a digit begins a number.
  const ambiguous = scope === "any" && (owner !== "" || /^\d/.test(key));
  const name = plain && !ambiguous ? key : `"${key.replace(/["\\]/g, "\\$&")}"`;
  return owner !== "" && scope === "any" ? `${prefix}${name}` : `${prefix}.${name}`;
}

/** The query of spans that meet all conditions; `{ }` for none. */
export function filterQueryText(conditions: readonly string[]): string {
  return conditions.length === 0 ? "{ }" : `{ ${conditions.join(" && ")} }`;
}
