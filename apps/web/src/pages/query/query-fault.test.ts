import { ClewError } from "@clew/base";
import { expect, it } from "vitest";
import { PlacedError } from "../../api/client.ts";
import { faultOfError, readQuery } from "./query-fault.ts";

it("a fault keeps its place, and what could stand there", () => {
  const { fault } = readQuery("{ duration > }");
  expect(fault?.place).toEqual({ start: 13, end: 14 });
  expect(fault?.message).toContain("expected");
  expect(readQuery("{ }").query).toMatchObject({ kind: "spans" });
});

it("an error of the server about the text loses what is for terminals only", () => {
  const place = { start: 2, end: 5 };
  const message = "1:3: foo is not a word of TraceQL\n{ foo }\n  ^^^";
  expect(faultOfError(new PlacedError("bad_request", message, { hint: "a dot" }, place))).toEqual({
    message: "foo is not a word of TraceQL",
    hint: "a dot",
    place,
  });
  expect(faultOfError(new ClewError("bad_request", "not so"))).toEqual({ message: "not so" });
});

it("other errors are not the query's fault", () => {
  expect(faultOfError(new ClewError("limit_exceeded", "too much"))).toBeUndefined();
  expect(faultOfError(new Error("oops"))).toBeUndefined();
});
