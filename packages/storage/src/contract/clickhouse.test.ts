// The contract suite on a real server: set CLEW_TEST_CLICKHOUSE_URL (e.g. http://127.0.0.1:8123) to run it.
// It makes a database of its own and drops it at the end.

import { describe, test } from "vitest";
import { openClickHouseEngine } from "../engines/clickhouse.ts";
import { describeStore } from "./describe-store.ts";
import { openTestStore } from "./open-test-store.ts";

const url = process.env["CLEW_TEST_CLICKHOUSE_URL"];

if (url === undefined) {
  describe("span store on ClickHouse", () => {
    test.skip("needs a server: set CLEW_TEST_CLICKHOUSE_URL", () => undefined);
  });
} else {
  describeStore("ClickHouse", async () => {
    const database = `clew_test_${process.pid}`;
    const admin = await openClickHouseEngine({ url });
    await admin.command(`CREATE DATABASE IF NOT EXISTS ${database}`);
    const store = await openTestStore(() => openClickHouseEngine({ url, database }));
    return {
      ...store,
      close: async () => {
        await store.close();
        await admin.command(`DROP DATABASE ${database}`);
        await admin.close();
      },
    };
  });
}
