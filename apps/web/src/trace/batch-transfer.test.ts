import { layoutTrace } from "@clew/analysis";
import { sampleBatch } from "@clew/analysis/testing";
import { decodeColumns, encodeColumns } from "@clew/codec";
import { describe, expect, it } from "vitest";
import { takeColumns, wrapColumns } from "./batch-transfer.ts";
import { readAttributes } from "./read-attributes.ts";
import { matchSpans } from "./search-match.ts";
import { parseSearch } from "./search-query.ts";

describe("a batch on its way from the API through the worker", () => {
  it("reads the same after its columns were moved to another thread", () => {
    const sent = sampleBatch([
      {
        id: 1,
        start: 0,
        end: 10,
        name: "root",
        service: "web",
        resource: { region: "north" },
        attributes: { n: -5n, x: 0.5, ok: true, s: "text" },
      },
      { id: 2, parent: 1, start: 1, end: 2, name: "child", service: "db", events: ["retry"] },
    ]);
    const { columns, transfers } = takeColumns(decodeColumns(encodeColumns(sent)));
    const batch = wrapColumns(structuredClone(columns, { transfer: transfers }));
    expect(batch.length).toBe(2);
    expect(batch.strings.text(batch.name[1] as number)).toBe("child");
    expect(readAttributes(batch, batch.attributes, 0, 4)).toEqual([
      { key: "n", type: "int", value: "-5" },
      { key: "x", type: "double", value: "0.5" },
      { key: "ok", type: "bool", value: "true" },
      { key: "s", type: "string", value: "text" },
    ]);
    expect(layoutTrace(batch).services).toEqual(["web", "db"]);
    expect([...(matchSpans(batch, parseSearch("retry")) as Uint8Array)]).toEqual([0, 1]);
    expect([...(matchSpans(batch, parseSearch("region=north")) as Uint8Array)]).toEqual([1, 0]);
  });
});
