import { ClewError } from "@clew/base";
import { AttributeColumns, ByteDictionary, SpanBatch, toHex, ValueType } from "@clew/model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeTracesJson } from "../otlp/decode-traces-json.ts";
import { anyValue, attributes } from "../testing/arbitrary-otlp.ts";
import { attributeRows } from "../testing/snapshot.ts";
import { parseAttributesJson, parseValueJson } from "./parse.ts";
import { renderAttributesJson, renderValueJson } from "./render.ts";

const IDS = { traceId: "01".repeat(16), spanId: "02".repeat(8) };

function batchWith(list: unknown): SpanBatch {
  const batch = new SpanBatch();
  const request = { resourceSpans: [{ scopeSpans: [{ spans: [{ ...IDS, attributes: list }] }] }] };
  decodeTracesJson(new TextEncoder().encode(JSON.stringify(request)), batch);
  return batch;
}

function rendered(batch: SpanBatch): string {
  return renderAttributesJson(batch.attributes, batch.strings, 0, batch.attributes.length);
}

describe("each type has its own notation", () => {
  const cases: [value: object, text: string][] = [
    [{ stringValue: 'a"\n\u0000é' }, '"a\\"\\n\\u0000é"'],
    [{ boolValue: true }, "true"],
    [{ boolValue: false }, "false"],
    [{ intValue: "9223372036854775807" }, "9223372036854775807"],
    [{ intValue: "-9223372036854775808" }, "-9223372036854775808"],
    [{ intValue: "1" }, "1"],
    [{ doubleValue: 1 }, "1.0"],
    [{ doubleValue: "-0.0" }, "-0.0"],
    [{ doubleValue: 0.1 }, "0.1"],
    [{ doubleValue: 1e21 }, "1e+21"],
    [{ doubleValue: 1e-7 }, "1e-7"],
    [{ doubleValue: "NaN" }, '{"double":"NaN"}'],
    [{ doubleValue: "Infinity" }, '{"double":"Infinity"}'],
    [{ doubleValue: "-Infinity" }, '{"double":"-Infinity"}'],
    [{ bytesValue: "AP8=" }, '{"bytes":"AP8="}'],
    [{}, "null"],
    [{ arrayValue: { values: [{ intValue: 1 }, {}, { doubleValue: 2 }] } }, "[1,null,2.0]"],
    [{ arrayValue: {} }, "[]"],
    [
      {
        kvlistValue: {
          values: [
            { key: "a", value: { intValue: 1 } },
            { key: "a", value: { kvlistValue: {} } },
          ],
        },
      },
      '{"kvlist":{"a":1,"a":{"kvlist":{}}}}',
    ],
  ];
  test.each(cases)("%j", (value, text) => {
    const batch = batchWith([{ key: "k", value }]);
    expect(rendered(batch)).toBe(`{"k":${text}}`);
    const parsed = new AttributeColumns();
    parseAttributesJson(`{"k":${text}}`, batch.strings, parsed);
    expect(attributeRows(parsed, batch.strings, 0, 1)).toEqual(
      attributeRows(batch.attributes, batch.strings, 0, 1),
    );
    expect(renderValueJson(parseValueJson(text))).toBe(text);
  });
});

test("attributes come back from typed JSON exactly, repeated keys included", () => {
  fc.assert(
    fc.property(attributes, (list) => {
      const batch = batchWith(list);
      const strings = new ByteDictionary();
      const parsed = new AttributeColumns();
      parseAttributesJson(rendered(batch), strings, parsed);
      expect(attributeRows(parsed, strings, 0, parsed.length)).toEqual(
        attributeRows(batch.attributes, batch.strings, 0, batch.attributes.length),
      );
    }),
    { numRuns: 300 },
  );
});

test("stored complex values come back from typed JSON byte for byte", () => {
  fc.assert(
    fc.property(fc.array(anyValue, { maxLength: 4 }), (values) => {
      const batch = batchWith([{ key: "k", value: { arrayValue: { values } } }]);
      expect(batch.attributes.types[0]).toBe(ValueType.Array);
      const bytes = batch.strings.view(batch.attributes.slots[0] as number);
      expect(toHex(parseValueJson(renderValueJson(bytes)))).toBe(toHex(bytes));
    }),
    { numRuns: 300 },
  );
});

test("typed JSON is JSON", () => {
  fc.assert(
    fc.property(attributes, (list) => {
      expect(() => JSON.parse(rendered(batchWith(list)))).not.toThrow();
    }),
    { numRuns: 100 },
  );
});

describe("anything else is refused", () => {
  test.each([
    "",
    "1 2",
    "{}",
    '{"a":1}',
    '{"bytes":1}',
    '{"bytes":"A"}',
    '{"double":1.5}',
    '{"double":"x"}',
    '{"kvlist":[]}',
    '{"kvlist":{},"bytes":""}',
    "9223372036854775808",
    "01",
    "nul",
    "[1,]",
    '"\\q"',
  ])("%s", (text) => {
    expect(() => parseValueJson(text)).toThrow(ClewError);
    const strings = new ByteDictionary();
    const into = new AttributeColumns();
    into.push(0, ValueType.Bool, 1, 0);
    expect(() => parseAttributesJson(`{"a":1,"b":${text}}`, strings, into)).toThrow(ClewError);
    expect(into.length).toBe(1);
  });

  test("damaged stored bytes", () => {
    expect(() => renderValueJson(Uint8Array.of(0x0a, 5, 1))).toThrow(ClewError);
  });
});
