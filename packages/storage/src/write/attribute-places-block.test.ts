import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestStore, type TestStore } from "../contract/open-test-store.ts";
import { HOSTILE } from "../contract/store-in-hand.ts";
import { openChdbEngine } from "../engines/chdb.ts";
import { storeSpans } from "../planner/sample-store.ts";
import { fillAttributePlaces } from "../schema/fill-attribute-places.ts";

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore((path) => openChdbEngine({ path }));
}, 60_000);
afterAll(() => store.close());

async function places(tenant: string): Promise<string[]> {
  const rows = await store.engine.readRows(
    "SELECT DISTINCT key, place FROM attribute_places WHERE tenant = {tenant:String}",
    { parameters: { tenant } },
  );
  return rows.map(([key, place]) => `${key as string} ${place as string}`).sort();
}

test("every place of every key is listed, before as after the table was there", async () => {
  await storeSpans(store, "one", [
    { attributes: { a: "x", "http.route": "/", "http.response.status_code": 200n } },
    { attributes: { a: 1n, b: 1.5, c: true, d: [1n], e: undefined, [HOSTILE]: "x" } },
    { attributes: { "http.response.status_code": 70_000n } },
    { events: [{}, { attributes: { a: "x" } }], links: [{ attributes: { f: 1n } }] },
  ]);
  await storeSpans(store, "two", [
    { attributes: { g: "x" } },
    { attributes: { "http.route": "" } },
  ]);
  const listed = [
    "a str",
    "a int",
    "a event",
    "b dbl",
    "c bool",
    "d other",
    "e other",
    "f link",
    "http.response.status_code int",
    `${HOSTILE} str`,
  ].sort();
  expect(await places("one")).toEqual(listed);
  expect(await places("two")).toEqual(["g str", "http.route str"]);
  await store.engine.command("TRUNCATE TABLE attribute_places");
  await store.engine.command(fillAttributePlaces);
  expect(await places("one")).toEqual(listed);
  expect(await places("two")).toEqual(["g str", "http.route str"]);
});
