import { stripVTControlCharacters } from "node:util";
import { ClewError } from "@clew/base";
import { expect, test } from "vitest";
import { fatalText } from "./fatal.ts";
import { createLog } from "./log.ts";

function written(isTTY: boolean, write: (log: ReturnType<typeof createLog>) => void): string {
  let text = "";
  write(createLog("info", { isTTY, write: (line) => (text += line) }));
  return text;
}

test("a log to a file is one JSON object a line, below its level nothing", () => {
  const text = written(false, (log) => {
    log.debug("hidden");
    log.info({ spans: 3 }, "stored");
  });
  expect(text.endsWith("\n")).toBe(true);
  expect(JSON.parse(text)).toMatchObject({ level: 30, msg: "stored", spans: 3 });
});

test("a log to a terminal is one readable line", () => {
  const text = written(true, (log) => log.warn({ tenant: "a b" }, "queue is full"));
  expect(stripVTControlCharacters(text)).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} WARN {2}queue is full tenant="a b"\n$/,
  );
});

test.each([true, false])(
  "logged text cannot steer a terminal or forge a line (terminal: %s)",
  (isTTY) => {
    const evil = "a\u001b[2Jb\nFATAL forged\u202ec\u009b1m";
    const text = written(isTTY, (log) => log.error({ name: evil }, evil));
    expect(text.split("\n").length).toBe(2);
    expect(text).not.toContain("\u001b[2J");
    expect(text).toContain("\\u001b[2Jb");
  },
);

test("an error in the log has its stack, on lines of its own in a terminal", () => {
  const error = new Error("broken");
  expect(written(true, (log) => log.error({ err: error }, "x"))).toMatch(
    /\n {4}Error: broken\n {8}at /,
  );
  expect(written(false, (log) => log.error({ err: error }, "x"))).toContain(
    '"stack":"Error: broken\\n',
  );
});

test("a fatal error is a message and a hint; only a bug shows its stack, under a message and a hint", () => {
  expect(fatalText(new ClewError("bad_config", "no", { hint: "yes" }))).toBe("clew: no\n  yes\n");
  expect(fatalText(new TypeError("x is undefined"))).toMatch(
    /^clew: x is undefined\n {2}This is a bug in Clew.*\n +at /,
  );
});
