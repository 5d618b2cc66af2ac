import { describe, expect, test } from "vitest";
import { checkLayers } from "./check-layers.ts";

const entries = new Set([
  "@clew/base",
  "@clew/model",
  "@clew/storage",
  "@clew/cli",
  "@clew/cli/load",
]);

function check(files: Record<string, string>): string[] {
  return checkLayers(
    Object.entries(files).map(([path, text]) => ({ path, text })),
    entries,
  );
}

describe("the layer check", () => {
  test("accepts an import of a lower layer", () => {
    expect(check({ "packages/model/src/a.ts": 'import { assert } from "@clew/base";' })).toEqual(
      [],
    );
  });

  test.each([
    ["a plain import", 'import { x } from "@clew/storage";'],
    ["a type import over several lines", 'import type {\n  X,\n  Y,\n} from "@clew/storage";'],
    ["a re-export", 'export * from "@clew/storage";'],
    ["a bare import", 'import "@clew/storage";'],
    ["a dynamic import", 'const x = await import("@clew/storage");'],
  ])("refuses an import of a higher layer: %s", (_what, text) => {
    expect(check({ "packages/model/src/a.ts": text })).toEqual([
      "packages/model/src/a.ts: packages/model may not import @clew/storage",
    ]);
  });

  test("refuses a package's inner file, but takes what its exports name", () => {
    expect(check({ "e2e/src/a.ts": 'import { runLoad } from "@clew/cli/load";' })).toEqual([]);
    expect(check({ "e2e/src/a.ts": 'import { x } from "@clew/cli/src/load/random.ts";' })).toEqual([
      "e2e/src/a.ts: @clew/cli/src/load/random.ts is not among the exports of @clew/cli",
    ]);
  });

  test("refuses a relative path that leaves the package", () => {
    expect(
      check({ "packages/model/src/a.ts": 'import { x } from "../../base/src/assert.ts";' }),
    ).toEqual([
      "packages/model/src/a.ts: ../../base/src/assert.ts leaves packages/model; enter a package by its name",
    ]);
  });

  test("finds a cycle through several files and names its way", () => {
    const problems = check({
      "packages/base/src/a.ts": 'import { b } from "./b.ts";',
      "packages/base/src/b.ts": 'import { c } from "./inner/c.ts";',
      "packages/base/src/inner/c.ts": 'import { a } from "../a.ts";',
    });
    expect(problems).toEqual([
      "import cycle: packages/base/src/a.ts -> packages/base/src/b.ts -> packages/base/src/inner/c.ts -> packages/base/src/a.ts",
    ]);
  });

  test("takes a diamond of imports for no cycle", () => {
    const problems = check({
      "packages/base/src/a.ts": 'import "./b.ts";\nimport "./c.ts";',
      "packages/base/src/b.ts": 'import "./d.ts";',
      "packages/base/src/c.ts": 'import "./d.ts";',
    });
    expect(problems).toEqual([]);
  });

  test("refuses a folder that the table does not know", () => {
    expect(check({ "packages/extra/src/a.ts": "" })).toEqual([
      "packages/extra/src/a.ts: this folder is not in the table of tools/check-layers.ts",
    ]);
  });
});
