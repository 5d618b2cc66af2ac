import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readTag, readTags, tagFilter } from "./tags.ts";

describe("tags", () => {
  test.each([
    [
      '{"a":"b","c":"d e"}',
      [
        ["a", "b"],
        ["c", "d e"],
      ],
    ],
    [
      '{"id":9007199254740993,"ok":true}',
      [
        ["id", "9007199254740993"],
        ["ok", "true"],
      ],
    ],
    ['{"__proto__":"x"}', [["__proto__", "x"]]],
    ["{}", []],
    ["", []],
    [
      "a=b c=d",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    [
      'a="b \\"c\\"" http.route=/x?y',
      [
        ["a", 'b "c"'],
        ["http.route", "/x?y"],
      ],
    ],
    [
      "error a=",
      [
        ["error", "true"],
        ["a", ""],
      ],
    ],
  ])("%j are read", (text, entries) => {
    expect(readTags(text)).toEqual(entries);
  });

  test.each(["{", '{"a":1', '{"a":null}', '{"a":{}}', '{"a":["b"]}'])(
    "%j are no JSON map of texts",
    (text) => {
      expect(() => readTags(text)).toThrow("malformed 'tags' parameter, cannot unmarshal JSON: ");
    },
  );

  test.each(["=b", 'a="b', 'a="b"c'])("%j are no logfmt", (text) => {
    expect(() => readTags(text)).toThrow("malformed 'tags' parameter, expecting key=value");
  });

  test("of whatever text are entries or an error of ours, soon", () => {
    const part = fc.constantFrom('"', "\\", "=", " ", "a", "{", "}", ":", "\n");
    const text = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 200 }).map((all) => all.join("")),
    );
    fc.assert(
      fc.property(text, (given) => {
        try {
          readTags(given);
        } catch (error) {
          expect(error).toMatchObject({ code: "bad_request" });
        }
      }),
    );
  });
});

test("a tag has its key before the first colon", () => {
  expect(readTag("url:http://a")).toEqual(["url", "http://a"]);
  for (const text of ["a", ":b", ""])
    expect(() => readTag(text)).toThrow(
      `malformed 'tag' parameter, expecting key:value, received: ${text}`,
    );
});

test("tags that Jaeger makes of fields ask for those fields", () => {
  expect(
    tagFilter([
      ["span.kind", "SERVER"],
      ["error", "true"],
      ["otel.status_code", "ERROR"],
      ["a", "b"],
    ]),
  ).toEqual({
    kind: "server",
    status: "error",
    attributes: [{ scope: "any", key: "a", operator: "=", value: "b" }],
  });
  expect(tagFilter([["otel.status_code", "OK"]])).toEqual({ status: "ok", attributes: [] });
});

test("fields that contradict each other are not merged into one", () => {
  const { status, attributes } = tagFilter([
    ["error", "true"],
    ["otel.status_code", "OK"],
  ]);
  expect([status, attributes.length]).toEqual(["error", 1]);
  expect(tagFilter([["error", "false"]]).attributes).toHaveLength(1);
});
