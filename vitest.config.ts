// Two projects: `unit` beside the code, and `e2e`, which starts real servers and a browser one after another.

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: [
            "{packages,apps,examples,bench}/*/{src,dev}/**/*.test.{ts,tsx}",
            "bench/src/**/*.test.ts",
            "tools/**/*.test.ts",
          ],
          testTimeout: 20_000,
          hookTimeout: 30_000,
          // libuv reads it when a process starts; see tools/start.mjs.
          pool: "forks",
          env: { UV_THREADPOOL_SIZE: "24" },
        },
      },
      {
        test: {
          name: "e2e",
          include: ["e2e/src/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
