// How much of the store each canned question reads: granules chosen by the primary key and the skip
// indexes, as the engine's own EXPLAIN tells. A question that stops using an index still answers right and
// is only slow, so nothing else would notice.

import { parse } from "@clew/traceql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine, Parameter, ReadOptions } from "../engines/engine.ts";
import { stringLiteral } from "../engines/parameters.ts";
import { openTraceqlReader } from "../planner/open-traceql-reader.ts";
import { openTraceReader } from "../read/open-trace-reader.ts";
import { fillAttributePlaces } from "../schema/fill-attribute-places.ts";
import type { TestStore } from "./open-test-store.ts";

const TENANT = "plans";
/** 2026-03-10 12:00 UTC in minutes. */
const NOON = 29_552_400;
const MINUTES = 180;
const SPANS = 600_000;
const nano = (minute: number): bigint => BigInt(minute) * 60_000_000_000n;
const ALL = { startNano: nano(NOON), endNano: nano(NOON + MINUTES) };
const TRACE = "0000000000000000000000000000a411";

interface Plan {
  readonly table: string;
  readonly read: number;
  readonly of: number;
}

/** Remembers the queries that pass through it, and what they read. */
class RecordingEngine implements Engine {
  readonly kind: Engine["kind"];
  readonly queries: { sql: string; options: ReadOptions }[] = [];
  /** Rows that queries for rows have read. */
  rowsRead = 0;
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.kind = engine.kind;
    this.#engine = engine;
  }

  readBinary(sql: string, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    this.queries.push({ sql, options });
    return this.#engine.readBinary(sql, options);
  }

  async readRows(sql: string, options: ReadOptions = {}): Promise<unknown[][]> {
    this.queries.push({ sql, options });
    let read = 0;
    const onRead = (rows: number): void => {
      read = Math.max(read, rows);
    };
    const answer = await this.#engine.readRows(sql, { ...options, onRead });
    this.rowsRead += read;
    return answer;
  }

  command = (sql: string): Promise<void> => this.#engine.command(sql);
  insertNative = (): Promise<void> => Promise.reject(new Error("read only"));
  close = (): Promise<void> => Promise.resolve();

  /** Granules that each table read of the recorded queries chose, of those that the table's parts have. */
  async plans(): Promise<Plan[]> {
    const plans: Plan[] = [];
    // EXPLAIN is not for read-only queries, so its text goes through a table, with the parameters written in.
    await this.#engine.command(
      "CREATE TABLE IF NOT EXISTS plan_lines (number UInt32, line String) ENGINE = Memory",
    );
    for (const { sql, options } of this.queries) {
      const text = sql.replaceAll(/\{(\w+):([^}]+)\}/g, (_, name, type) =>
        literal(options.parameters?.[name], type),
      );
      await this.#engine.command("TRUNCATE TABLE plan_lines");
      await this.#engine.command(
        `INSERT INTO plan_lines SELECT rowNumberInAllBlocks(), explain FROM (EXPLAIN indexes = 1 ${text})`,
      );
      const rows = await this.#engine.readRows("SELECT line FROM plan_lines ORDER BY number");
      plans.push(...plansOf(rows.map(([line]) => line as string)));
    }
    return plans;
  }
}

function literal(value: Parameter | undefined, type: string): string {
  const text = (one: Parameter | undefined): string => {
    if (Array.isArray(one)) return `[${one.map(text).join(",")}]`;
    return typeof one === "string" ? stringLiteral(one) : String(one);
  };
  return `CAST(${text(value)}, '${type}')`;
}

function plansOf(lines: readonly string[]): Plan[] {
  const plans: Plan[] = [];
  let table = "";
  let chosen: [number, number] | undefined;
  const close = (): void => {
    if (chosen !== undefined) plans.push({ table, read: chosen[0], of: chosen[1] });
    chosen = undefined;
  };
  for (const line of lines) {
    const from = /ReadFromMergeTree \((?:[^.)]*\.)?([^.)]+)\)/.exec(line);
    if (from !== null) {
      close();
      table = from[1] as string;
    }
    const granules = /Granules: (\d+)\/(\d+)/.exec(line);
    if (granules !== null)
      chosen = [Number(granules[1]), chosen === undefined ? Number(granules[2]) : chosen[1]];
  }
  close();
  return plans;
}

export function describePlans(name: string, open: () => Promise<TestStore>): void {
  describe(`what questions read on ${name}`, () => {
    let store: TestStore;
    beforeAll(async () => {
      store = await open();
      for (const sql of sampleInserts()) await store.engine.command(sql);
    }, 120_000);
    afterAll(() => store.close());

    const plansOfQuestion = async (ask: (engine: Engine) => Promise<unknown>): Promise<Plan[]> => {
      const engine = new RecordingEngine(store.engine);
      await ask(engine);
      return engine.plans();
    };
    const reads = (plans: readonly Plan[], table: string): Plan => {
      const plan = plans.find((one) => one.table === table);
      if (plan === undefined) throw new Error(`no read of ${table} in ${JSON.stringify(plans)}`);
      return plan;
    };

    test("a trace by id reads one granule of the index and of each of its minutes", async () => {
      const plans = await plansOfQuestion((engine) => openTraceReader(engine).trace(TENANT, TRACE));
      expect(reads(plans, "trace_index").read).toBeLessThanOrEqual(2);
      expect(reads(plans, "spans").read).toBeLessThanOrEqual(2);
      expect(reads(plans, "spans").of).toBeGreaterThan(70);
    });

    test("the newest spans of a busy store are found in the range's last minutes", async () => {
      const plans = await plansOfQuestion((engine) => {
        return openTraceReader(engine).search({
          tenant: TENANT,
          range: ALL,
          filter: { attributes: [] },
          sort: "newest",
          limit: 20,
        });
      });
      for (const plan of plans.filter(({ table }) => table === "spans"))
        expect(plan.read).toBeLessThanOrEqual(3);
      expect(reads(plans, "trace_index").read).toBeLessThanOrEqual(25);
    });

    test("the newest spans are found as cheaply when they are hours old, and nothing when there is nothing", async () => {
      const read = async (fromMinute: number, service?: string): Promise<number[]> => {
        const engine = new RecordingEngine(store.engine);
        const { traces } = await openTraceReader(engine).search({
          tenant: TENANT,
          range: { startNano: nano(fromMinute), endNano: nano(NOON + MINUTES + 300) + 30n },
          filter: { ...(service === undefined ? {} : { service }), attributes: [] },
          sort: "newest",
          limit: 20,
        });
        return [traces.length, engine.rowsRead];
      };
      for (const service of [undefined, "service-3"]) {
        const [traces, rows] = await read(NOON - 3000, service);
        expect(traces).toBe(20);
        // A few granules to see where spans are, a few of their minute, and the summaries.
        expect(rows).toBeLessThanOrEqual(60_000);
      }
      expect(await read(NOON + MINUTES)).toEqual([0, 0]);
    });

    test("traces are counted from the granules of their minutes", async () => {
      const plans = await plansOfQuestion((engine) => {
        const filter = { attributes: [] };
        const question = { tenant: TENANT, range: ALL, filter, sort: "newest", limit: 20 } as const;
        return openTraceReader(engine).searchCounts(question);
      });
      for (const plan of plans.filter(({ table }) => table === "spans"))
        expect(plan.read).toBeLessThanOrEqual(3);
      expect(plans.filter(({ table }) => table === "spans").length).toBeGreaterThanOrEqual(2);
    });

    test("a search reads only the minutes of its range", async () => {
      const range = { startNano: nano(NOON + 60), endNano: nano(NOON + 70) };
      const plans = await plansOfQuestion((engine) => {
        const filter = { service: "nobody", attributes: [] };
        return openTraceReader(engine).search({
          tenant: TENANT,
          range,
          filter,
          sort: "slowest",
          limit: 20,
        });
      });
      // 10 of 180 minutes, and the granules at both ends.
      expect(reads(plans, "spans").read).toBeLessThanOrEqual(
        Math.ceil(reads(plans, "spans").of / 18) + 2,
      );
    });

    test("a value that only one span has is found by the bloom filter, from span or resource alike", async () => {
      for (const scope of ["span", "any"] as const) {
        const plans = await plansOfQuestion((engine) => {
          const filter = {
            attributes: [{ scope, key: "order.id", operator: "=", value: "order-x1234" }],
          } as const;
          return openTraceReader(engine).search({
            tenant: TENANT,
            range: ALL,
            filter,
            sort: "slowest",
            limit: 20,
          });
        });
        expect(reads(plans, "spans").read).toBeLessThanOrEqual(4);
        expect(reads(plans, "spans").of).toBeGreaterThan(70);
      }
    });

    test("rates from rollups read only granules with spans at whole minutes", async () => {
      const query = parse("{} | rate() by(resource.service.name)");
      if (query.kind !== "metrics") throw new Error("not a metrics query");
      const question = {
        tenant: TENANT,
        range: ALL,
        query,
        stepNano: nano(3),
        exemplars: 0,
        maxSeries: 100,
      };
      const plans = await plansOfQuestion((engine) => openTraceqlReader(engine).metrics(question));
      // One span in 60,000 starts at a whole minute.
      expect(reads(plans, "spans").read).toBeLessThanOrEqual(SPANS / 60_000);
      expect(reads(plans, "spans").of).toBeGreaterThan(70);
    });

    test("the logs of a trace without spans are found by the bloom filter", async () => {
      const plans = await plansOfQuestion((engine) =>
        openTraceReader(engine).traceLogs(TENANT, "0000000000000000000000000000f1f0"),
      );
      expect(reads(plans, "logs").read).toBeLessThanOrEqual(3);
      expect(reads(plans, "logs").of).toBeGreaterThan(30);
    });

    test("one service's hour reads that service's part of the rollup", async () => {
      const range = { startNano: nano(NOON + 60), endNano: nano(NOON + 120) };
      const query = {
        tenant: TENANT,
        range,
        stepNano: 60e9,
        filter: { service: "service-3", operation: "operation 5", attributes: [] },
      };
      const plans = await plansOfQuestion((engine) => openTraceReader(engine).red(query));
      expect(reads(plans, "red_1m").read).toBeLessThanOrEqual(2);
      expect(reads(plans, "red_1m").of).toBeGreaterThan(8);
    });
  });
}

/** Rows that resemble a collector's, made in the engine: 10 spans a trace, 180 minutes, one part a table. */
function sampleInserts(): string[] {
  const single =
    "SETTINGS max_threads = 1, max_insert_threads = 1, max_insert_block_size = 10000000, min_insert_block_size_rows = 10000000, min_insert_block_size_bytes = 0";
  const at = "toDate('2026-03-10'), 3650";
  const time = (minute: string): string =>
    `fromUnixTimestamp64Nano(toInt64(${minute}) * 60000000000 + number % 60000 * 1000000, 'UTC')`;
  const traceId = (number: string): string =>
    `reinterpretAsFixedString(byteSwap(toUInt128(${number})))`;
  const minute = `${NOON} + intDiv(number * ${MINUTES}, ${SPANS})`;
  const service = "concat('service-', toString(number % 7))";
  return [
    `INSERT INTO spans (tenant, day, keep_days, minute, start, duration, trace_id, span_id, service, name, kind, status, adjusted_count, str)
     SELECT '${TENANT}', ${at}, ${minute} AS m, ${time("m")}, number % 1000000, ${traceId("intDiv(number, 10)")},
       reinterpretAsFixedString(toUInt64(number)), ${service}, concat('operation ', toString(number % 13)), 'server', 'unset', 1,
       map('order.id', concat('order-x', toString(number)), 'plan', 'pro')
     FROM numbers(${SPANS}) ${single}`,
    fillAttributePlaces,
    `INSERT INTO trace_index SELECT tenant, trace_id, day, keep_days, min(start), max(start), groupUniqArray(minute), count(), 0, '', '', groupUniqArray(toString(service))
     FROM spans WHERE tenant = '${TENANT}' GROUP BY tenant, trace_id, day, keep_days ${single}`,
    `INSERT INTO logs (tenant, day, keep_days, minute, time, trace_id, service, body_type, body)
     SELECT '${TENANT}', ${at}, ${NOON} + intDiv(number, 2000) AS m, ${time("m")}, ${traceId("number")}, 'service-1', 'string', 'line'
     FROM numbers(300000) ${single}`,
    `INSERT INTO red_1m SELECT '${TENANT}', ${service}, concat('operation ', toString(intDiv(number, 7) % 80)), 'server', 'unset',
       toDateTime64((${NOON} + intDiv(number, 560)) * 60, 0, 'UTC'), ${at}, 1, 1, 1, 1, map(toUInt16(5), toFloat64(1))
     FROM numbers(${560 * MINUTES}) ${single}`,
  ];
}
