// `@traced` as TypeScript compiles it: standard decorators, which Node does not run yet, called by hand.

import { afterAll, beforeAll, expect, test } from "vitest";
import { type Sdk, start } from "../sdk.ts";
import { traced } from "./traced.ts";

const names: string[] = [];
let sdk: Sdk | undefined;

beforeAll(() => {
  sdk = start({
    export: false,
    disabledInstrumentations: ["*"],
    observers: [{ ended: (span) => names.push(span.name) }],
  });
});
afterAll(async () => {
  await sdk?.shutdown();
});

function place(this: { prefix: string }, order: string): string {
  return this.prefix + order;
}
const context = { kind: "method", name: "place" } as unknown as ClassMethodDecoratorContext;

test("with and without arguments it wraps the method and keeps `this`", () => {
  const bare = traced(place, context);
  const empty = traced()(place, context);
  const named = traced("place an order")(place, context);
  for (const method of [bare, empty, named]) {
    expect(method.call({ prefix: "no. " }, "7")).toBe("no. 7");
  }
  expect(names).toEqual(["place", "place", "place an order"]);
});
