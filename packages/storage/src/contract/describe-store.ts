// What every engine must do for the span store: the same suite runs on chDB and on a ClickHouse server.

import { afterAll, beforeAll, describe } from "vitest";
import { describeCounts } from "./describe-counts.ts";
import { describeHealth } from "./describe-health.ts";
import { describeRetention } from "./describe-retention.ts";
import { describeRollups } from "./describe-rollups.ts";
import { describeSearch } from "./describe-search.ts";
import { describeTraces } from "./describe-traces.ts";
import type { TestStore } from "./open-test-store.ts";
import { StoreInHand } from "./store-in-hand.ts";

/** Declares the suite; `open` gives a new store with the schema and nothing in it. */
export function describeStore(name: string, open: () => Promise<TestStore>): void {
  describe(`span store on ${name}`, () => {
    const hand = new StoreInHand();
    beforeAll(async () => {
      hand.store = await open();
    }, 60_000);
    afterAll(() => hand.store.close());

    describeTraces(hand);
    describeSearch(hand);
    describeCounts(hand);
    describeRollups(hand);
    describeHealth(hand);
    describeRetention(hand);
  });
}
