// The flaky one: most answers take some 20 ms, but now and then its newer model hangs far beyond
// what the storefront waits for. The storefront tries once more, then shows a page without.
import { span } from "@clew/sdk";
import { chance, pick, work } from "../parts/chance.ts";
import { log } from "../parts/log.ts";
import { runService } from "../parts/service.ts";
import { ISBNS } from "../surroundings/schema.ts";

await runService(async () => ({
  routes: {
    "GET /recommendations": async () => {
      const model = pick(["wave-1", "wave-1", "wave-2"]);
      const attributes = { "app.recommendation.model": model };
      const books = await span("rank candidates", attributes, async () => {
        await work(6, 60);
        if (model === "wave-2" && chance(0.15)) {
          log.warn("ranking is waiting for the model to load", attributes);
          await work(500, 1_400);
        }
        return [pick(ISBNS), pick(ISBNS), pick(ISBNS)];
      });
      return { body: { books } };
    },
  },
}));
