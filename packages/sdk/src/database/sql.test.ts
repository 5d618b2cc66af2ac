// Statements as they are kept: nothing of the data stays in them, in either dialect.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Dialect, statementOf } from "./sql.ts";

describe("literals", () => {
  const cases: readonly [Dialect, string, string][] = [
    [
      "postgresql",
      "SELECT * FROM t WHERE a = 'x''y' AND b = 12.5e3",
      "SELECT * FROM t WHERE a = ? AND b = ?",
    ],
    ["postgresql", "SELECT 'C:\\', 'secret'", "SELECT ?, ?"],
    [
      "postgresql",
      "SELECT E'it\\'s', U&'x', B'01', $tag$ a 'b' $$ $tag$, $$c$$",
      "SELECT ?, ?, ?, ?, ?",
    ],
    ["postgresql", 'SELECT "Name", t1.c2 FROM "T 1"', 'SELECT "Name", t1.c2 FROM "T 1"'],
    ["postgresql", "SELECT $1, $23::int, -7, 0xff", "SELECT $1, $23::int, -?, ?"],
    ["postgresql", "SELECT 1 -- 'x'\n, /* 2 */ 3", "SELECT ? , ?"],
    ["postgresql", "SELECT 'never closed", "SELECT ?"],
    ["postgresql", "a IN ($1, $2, $3)", "a IN (?)"],
    ["postgresql", "INSERT INTO t VALUES (1, 'a'), (2, 'b')", "INSERT INTO t VALUES (?)"],
    ["mysql", `SELECT "text", 'it\\'s', x'ff' FROM \`a b\``, "SELECT ?, ?, ? FROM `a b`"],
    ["mysql", "SELECT 5--1, @x, @@y # 'z'", "SELECT ?--?, @x, @@y"],
    ["mysql", "SELECT 'ends with \\", "SELECT ?"],
  ];
  test.each(cases)("%s: %s", (dialect, sql, expected) => {
    expect(statementOf(sql, dialect).text).toBe(expected);
  });

  test("no text in quotes and no number survives, whatever is in it", () => {
    const secret = fc.array(
      fc.constantFrom("'", "\\", '"', "$", "`", "-", "/", "*", "x", "\n", "7"),
    );
    fc.assert(
      fc.property(secret, (parts) => {
        const value = parts.join("");
        const quoted = value.replaceAll("'", "''");
        const forPg = statementOf(`SELECT a FROM t WHERE b = '${quoted}' AND c = 3`, "postgresql");
        expect(forPg.text).toBe("SELECT a FROM t WHERE b = ? AND c = ?");
        const escaped = value.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
        const forMysql = statementOf(`SELECT a FROM t WHERE b = '${escaped}' AND c = 3`, "mysql");
        expect(forMysql.text).toBe("SELECT a FROM t WHERE b = ? AND c = ?");
      }),
    );
  });

  test("any text is read, in time that grows with its length", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        for (const dialect of ["postgresql", "mysql"] as const) statementOf(text, dialect);
      }),
    );
    for (const part of ["'", "''a", "\\'", "/*", "$a$", "(1,", '"', "e'\\"]) {
      const startMs = performance.now();
      statementOf(part.repeat(100_000), "postgresql");
      statementOf(part.repeat(100_000), "mysql");
      expect(performance.now() - startMs).toBeLessThan(500);
    }
  });
});

describe("summaries", () => {
  const cases: readonly [string, string][] = [
    [
      "select * from orders o join shop.users u on u.id = o.u where x in (select y from z)",
      "SELECT orders shop.users z",
    ],
    ["select 1 from a, b c, d", "SELECT a b d"],
    ["INSERT INTO orders (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET a = 1", "INSERT orders"],
    ["UPDATE ONLY orders SET a = 1 FROM users WHERE b = 2", "UPDATE orders users"],
    ["DELETE FROM orders WHERE id = 1", "DELETE orders"],
    ["CREATE TABLE IF NOT EXISTS t (a int)", "CREATE t"],
    ["WITH x AS (SELECT 1 FROM a) DELETE FROM b USING x", "DELETE a b"],
    ["SELECT a FROM t FOR UPDATE", "SELECT t"],
    ["BEGIN", "BEGIN"],
    ["", ""],
  ];
  test.each(cases)("%s", (sql, summary) => {
    expect(statementOf(sql, "postgresql").summary).toBe(summary);
  });
});
