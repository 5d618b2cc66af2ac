// What the tests of the contract suite share: the time near which all samples lie, and a hand on the store
// that is open while they run. Each test writes under a tenant of its own, so they share one store.

import type { AttributeFilter, SearchQuery, TraceSummary } from "@clew/model";
import type { TestStore } from "./open-test-store.ts";
import { type SampleSpan, spanBatch } from "./sample-spans.ts";

export const SECOND = 1_000_000_000n;
export const MINUTE: bigint = 60n * SECOND;
/** 2026-03-10 12:00:00 UTC: all samples lie near it and arrive ten minutes later. */
export const NOON: bigint = 1_773_144_000n * SECOND;
export const ARRIVED: number = Number(NOON / SECOND) + 600;
export const RANGE: { readonly startNano: bigint; readonly endNano: bigint } = {
  startNano: NOON - 60n * MINUTE,
  endNano: NOON + 120n * MINUTE,
};
export const HOSTILE = "'; DROP TABLE spans; -- \\' \" ` {x:String} %41 \n\t\0 ☃ \u{1f409}";

/** The store under test, with the calls that most tests make. */
export class StoreInHand {
  #store: TestStore | undefined;

  set store(store: TestStore) {
    this.#store = store;
  }

  get store(): TestStore {
    if (this.#store === undefined) throw new Error("the store is not open yet");
    return this.#store;
  }

  put(...spans: SampleSpan[]): Promise<void> {
    return this.store.insert(spanBatch(spans, ARRIVED));
  }

  async search(tenant: string, query: Partial<SearchQuery> = {}): Promise<readonly TraceSummary[]> {
    const filter = { attributes: [], ...query.filter };
    const asked = { tenant, range: RANGE, sort: "newest", limit: 100, ...query, filter } as const;
    return (await this.store.reader.search(asked)).traces;
  }

  /** Ids of the traces with a span that meets the condition, sorted. */
  async matching(tenant: string, attribute: AttributeFilter): Promise<string[]> {
    const traces = await this.search(tenant, { filter: { attributes: [attribute] } });
    return traces.map(({ traceId }) => traceId).sort();
  }
}
