// Text to checked syntax tree.

import type { Hints, Query, ScalarExpression, Static } from "./ast.ts";
import { checkQuery } from "./check/check-query.ts";
import { Cursor } from "./cursor.ts";
import { parseGroup } from "./parse-stage.ts";
import { negated, parseStatic } from "./parse-static.ts";

/** @throws TraceqlError, a ClewError `bad_request` with place and hint, for text that is not a valid query. */
export function parse(text: string): Query {
  const cursor = new Cursor(text);
  if (cursor.is("end"))
    cursor.fail(cursor.token.at, "the query is empty", { hint: "{ } finds all spans" });
  const query = parseRoot(cursor);
  checkQuery(query, (place, reason, options) => cursor.fail(place, reason, options));
  return query;
}

function parseRoot(cursor: Cursor): Query {
  const { start } = cursor.token.at;
  const group = parseGroup(cursor);
  const hints = parseHints(cursor);
  if (!cursor.is("end")) cursor.unexpected(["|", "an operator", "the end of the query"]);
  const at = cursor.placeFrom(start);
  if ((group.kind === "static" || group.kind === "scalars") && isConstant(group))
    cursor.fail(group.at, "a constant is not a query", { hint: "{ } finds all spans" });
  switch (group.kind) {
    case "pipeline":
      return { kind: "spans", pipeline: group, hints, at };
    case "series":
    case "arithmetic":
      return { kind: "metrics", expression: group, hints, at };
    default:
      return cursor.fail(group.at, "an aggregate alone is not a query", {
        hint: "compare it, { } | count() > 2, or ask for a series, { } | count_over_time()",
      });
  }
}

function isConstant(scalar: ScalarExpression): boolean {
  if (scalar.kind === "scalars") return isConstant(scalar.left) && isConstant(scalar.right);
  return scalar.kind === "static";
}

/** `with(a=true, b=1)`, any number of times. */
function parseHints(cursor: Cursor): Hints {
  const hints = new Map<string, Static>();
  while (cursor.isWord("with")) {
    cursor.take();
    cursor.expect("(");
    do {
      cursor.countTerm();
      const name = cursor.expect("word", "the name of a hint").word;
      cursor.expect("=");
      hints.set(name, parseHintValue(cursor));
    } while (cursor.accept(",") !== undefined);
    cursor.expect(")", ",");
  }
  return hints;
}

function parseHintValue(cursor: Cursor): Static {
  const minus = cursor.accept("-");
  const value = parseStatic(cursor) ?? cursor.unexpected(["a value"]);
  if (minus === undefined) return value;
  const folded = negated(value, { start: minus.at.start, end: value.at.end });
  return folded ?? cursor.fail(value.at, "a minus stands only before a number");
}
