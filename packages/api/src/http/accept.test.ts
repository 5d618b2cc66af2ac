import { expect, test } from "vitest";
import { negotiateType } from "./accept.ts";
import { negotiateCoding } from "./compression.ts";

const offered = ["application/json", "application/x-protobuf"] as const;

test.each([
  [undefined, "application/json"],
  ["*/*", "application/json"],
  ["application/x-protobuf", "application/x-protobuf"],
  ["application/json;q=0.5, application/x-protobuf", "application/x-protobuf"],
  ["application/x-protobuf;q=0.2, application/*", "application/json"],
  ["text/html", "application/json"],
  ["Application/X-Protobuf; charset=x", "application/x-protobuf"],
])("Accept: %s is answered with %s", (accept, type) => {
  expect(negotiateType(accept, offered)).toBe(type);
});

test.each([
  [undefined, undefined],
  ["", undefined],
  ["identity", undefined],
  ["gzip, deflate, br, zstd", "zstd"],
  ["gzip, deflate", "gzip"],
  ["zstd;q=0.1, gzip;q=0.9", "gzip"],
  ["zstd;q=0, *", "gzip"],
  ["gzip;q=0", undefined],
  ["*;q=0", undefined],
])("Accept-Encoding: %s is answered with %s", (accept, coding) => {
  expect(negotiateCoding(accept)).toBe(coding);
});
