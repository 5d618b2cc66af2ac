import { SpanBatch } from "@clew/model";
import { expect, test } from "vitest";
import { pushAttributes, type SampleValue } from "../contract/sample-spans.ts";
import { KnownContent } from "./content-blocks.ts";
import { contentIds } from "./content-ids.ts";

interface Content {
  readonly attributes?: Readonly<Record<string, SampleValue>>;
  readonly dropped?: number;
  readonly schemaUrl?: string;
  readonly entityRefs?: string;
  readonly name?: string;
  readonly version?: string;
}

/** Ids of one resource and one scope of this content, in a batch whose dictionary holds other words first. */
function idsOf(content: Content, wordsBefore: readonly string[] = []): [string, string] {
  const batch = new SpanBatch();
  const { strings, resources, scopes } = batch;
  for (const word of wordsBefore) strings.internText(word);
  const text = (value = ""): number => strings.internText(value);
  pushAttributes(resources.attributes, strings, content.attributes ?? {});
  resources.add("key", {
    droppedAttributes: content.dropped ?? 0,
    schemaUrl: text(content.schemaUrl),
    entityRefs: text(content.entityRefs),
    serviceName: 0,
  });
  pushAttributes(scopes.attributes, strings, content.attributes ?? {});
  scopes.add("key", {
    droppedAttributes: content.dropped ?? 0,
    schemaUrl: text(content.schemaUrl),
    name: text(content.name),
    version: text(content.version),
  });
  const { resourceIds, scopeIds } = contentIds(resources, scopes, strings);
  return [resourceIds.join(), scopeIds.join()];
}

const FULL: Content = {
  attributes: {
    "service.name": "shop",
    n: 5n,
    f: 0.5,
    yes: true,
    raw: Uint8Array.of(1),
    none: undefined,
  },
  dropped: 3,
  schemaUrl: "https://example.com/1",
  entityRefs: "refs",
  name: "tracer",
  version: "2",
};

test("equal content has one id, whatever else the batch holds", () => {
  const ids = idsOf(FULL);
  expect(idsOf(FULL, ["tracer", "zzz", "n", "shop"])).toEqual(ids);
  expect(
    idsOf(
      FULL,
      Array.from({ length: 1000 }, (_, i) => `w${i}`),
    ),
  ).toEqual(ids);
});

test("an id does not change from one version to the next", () => {
  // Stored spans name their resources by it: a change here orphans what is stored.
  expect(idsOf({ attributes: { "service.name": "shop" }, name: "tracer" })).toEqual([
    "1608387457,3099990670",
    "170644754,228880423",
  ]);
});

test("content that differs anywhere has another id", () => {
  const others: Content[] = [
    FULL,
    {},
    { ...FULL, dropped: 4 },
    { ...FULL, schemaUrl: "" },
    { ...FULL, schemaUrl: "https://example.com/2" },
    { ...FULL, attributes: { ...FULL.attributes, n: 6n } },
    { ...FULL, attributes: { ...FULL.attributes, n: 5.5 } },
    { ...FULL, attributes: { ...FULL.attributes, n: "5" } },
    { ...FULL, attributes: { ...FULL.attributes, n: 2n ** 32n + 5n } },
    { ...FULL, attributes: { ...FULL.attributes, yes: false } },
    { ...FULL, attributes: { ...FULL.attributes, none: "" } },
    { ...FULL, attributes: { ...FULL.attributes, raw: "\u0001" } },
    { ...FULL, attributes: { ...FULL.attributes, more: "" } },
    { attributes: { a: "bc" } },
    { attributes: { ab: "c" } },
    { attributes: { a: "b", c: "d" } },
    { attributes: { c: "d", a: "b" } },
  ];
  const resourceIds = [...others, { ...FULL, entityRefs: "other" }].map((one) => idsOf(one)[0]);
  expect(new Set(resourceIds).size).toBe(resourceIds.length);
  const scopes = [
    ...others,
    { ...FULL, name: "t" },
    { ...FULL, version: "" },
    { ...FULL, name: "trace", version: "r2" },
  ];
  const scopeIds = scopes.map((one) => idsOf(one)[1]);
  expect(new Set(scopeIds).size).toBe(scopeIds.length);
});

test("a sender that names no service is called unknown_service", () => {
  const batch = new SpanBatch();
  batch.resources.add("none", {
    droppedAttributes: 0,
    schemaUrl: 0,
    entityRefs: 0,
    serviceName: 0,
  });
  batch.resources.add("shop", {
    droppedAttributes: 0,
    schemaUrl: 0,
    entityRefs: 0,
    serviceName: batch.strings.internText("shop"),
  });
  const { serviceNames } = contentIds(batch.resources, batch.scopes, batch.strings);
  expect([...serviceNames].map((id) => batch.strings.text(id))).toEqual([
    "unknown_service",
    "shop",
  ]);
});

test("content is written again after ten minutes, and at once when what was written is lost", () => {
  const known = new KnownContent();
  const now = 1_790_000_000_000;
  expect([known.isNew("a", now), known.isNew("a", now + 1), known.isNew("b", now + 1)]).toEqual([
    true,
    false,
    true,
  ]);
  expect(known.isNew("a", now + 600_000)).toBe(false);
  expect(known.isNew("a", now + 600_001)).toBe(true);
  expect(known.isNew("a", now + 600_002)).toBe(false);
  known.clear();
  expect(known.isNew("a", now + 600_003)).toBe(true);
});
