// Retention: what a tenant keeps for three days is gone on the fourth from every table, and nobody else's
// data with it.

import { expect, test } from "vitest";
import { spanBatch, spanIdOf, traceIdOf } from "./sample-spans.ts";
import { SECOND, type StoreInHand } from "./store-in-hand.ts";
import { SHORT_LIVED } from "./tenants.ts";

const DAY_SECONDS = 86_400;
const TABLES = [
  "spans",
  "trace_index",
  "red_1m",
  "red_1h",
  "service_red",
  "edges_1m",
  "attribute_keys",
  "attribute_values",
];

export function describeRetention(hand: StoreInHand): void {
  test("a tenant's days are over in every table at once, and no other tenant's", async () => {
    const { engine, reader } = hand.store;
    const arrived = Math.floor(Date.now() / 1000) - 5 * DAY_SECONDS;
    for (const [i, tenant] of [SHORT_LIVED, "kept"].entries()) {
      const span = { tenant, trace: traceIdOf(7000 + i), start: BigInt(arrived) * SECOND };
      const call = { kind: 3, attributes: { "db.system.name": "sqlite" } };
      await hand.store.insert(spanBatch([{ ...span, ...call, span: spanIdOf(1) }], arrived));
    }
    const rows = async (table: string, tenant: string): Promise<number> => {
      const sql = `SELECT count() FROM ${table} WHERE tenant = {tenant:String}`;
      return Number((await engine.readRows(sql, { parameters: { tenant } }))[0]?.[0]);
    };
    for (const table of TABLES) {
      await engine.command(`ALTER TABLE ${table} MATERIALIZE TTL SETTINGS mutations_sync = 1`);
      await engine.command(`OPTIMIZE TABLE ${table} FINAL`);
      expect(await rows(table, SHORT_LIVED), table).toBe(0);
      expect(await rows(table, "kept"), table).toBeGreaterThan(0);
    }
    expect(await reader.trace(SHORT_LIVED, traceIdOf(7000))).toBeUndefined();
    expect((await reader.trace("kept", traceIdOf(7001)))?.length).toBe(1);
  });
}
