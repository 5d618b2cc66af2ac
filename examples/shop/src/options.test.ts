import { describe, expect, it } from "vitest";
import { parseOptions } from "./options.ts";

describe("parseOptions", () => {
  it("runs at five requests a second until Ctrl-C when nothing is said", () => {
    expect(parseOptions([])).toEqual({
      ratePerSecond: 5,
      durationMs: undefined,
      port: undefined,
      calm: false,
      verbose: false,
      help: false,
    });
  });

  it.each([
    ["250ms", 250],
    ["30s", 30_000],
    ["1.5m", 90_000],
    ["2h", 7_200_000],
  ])("reads --duration %s as %i ms", (text, expected) => {
    expect(parseOptions(["--duration", text]).durationMs).toBe(expected);
  });

  it.each([
    [["--duration", "soon"]],
    [["--duration", "30"]],
    [["--rate", "0"]],
    [["--rate", "many"]],
    [["--port", "0"]],
    [["--port", "http"]],
    [["--rate", "1000"]],
    [["--speed", "5"]],
  ])("refuses %j with a code and a hint", (args) => {
    expect(() => parseOptions(args)).toThrow(
      expect.objectContaining({ code: "bad_config", hint: expect.any(String) }),
    );
  });
});
