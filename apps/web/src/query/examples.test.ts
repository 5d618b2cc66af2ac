import { parse } from "@clew/traceql";
import { expect, it } from "vitest";
import { exampleGroups } from "./examples.ts";

it.each(exampleGroups.flatMap(({ examples }) => examples))(
  "example parses: $query",
  ({ query }) => {
    expect(parse(query)).toBeDefined();
  },
);
