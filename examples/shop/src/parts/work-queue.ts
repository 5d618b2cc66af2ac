// A queue of work in the database: who puts something in does so in the transaction of what it belongs to, and who
// takes it out takes it out for good. The tracer cannot know of such a queue; its messaging helpers do the rest.
import { job, mapCarrier, process as processMessage, publish } from "@clew/sdk/messaging";
import type { Database, Query } from "./database.ts";
import { log } from "./log.ts";

interface Row {
  id: string;
  payload: unknown;
  headers: Record<string, string>;
}

const AT_ONCE = 8;
const EVERY_MS = 400;

function place(queue: string) {
  return { system: "postgresql", destination: queue, address: "database" };
}

/** Puts work into a queue, by a statement of the caller's transaction. */
export async function putWork(query: Query, queue: string, payload: unknown): Promise<void> {
  const headers: Record<string, string> = {};
  await publish({ ...place(queue), carrier: mapCarrier(headers) }, () =>
    query({
      text: "INSERT INTO work (queue, payload, headers) VALUES ($1, $2, $3)",
      values: [queue, JSON.stringify(payload), JSON.stringify(headers)],
    }),
  );
}

/** Looks for work again and again; returns what stops it. */
export function takeWork(
  database: Database,
  queue: string,
  handle: (payload: unknown) => Promise<void>,
): () => Promise<void> {
  const look = job("look for work", () =>
    database.query<Row>({
      text: `DELETE FROM work WHERE id IN
        (SELECT id FROM work WHERE queue = $1 ORDER BY id LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED)
        RETURNING id, payload, headers`,
      values: [queue],
    }),
  );
  const take = async (): Promise<void> => {
    for (const { id, payload, headers } of await look()) {
      const message = { ...place(queue), id, carrier: mapCarrier(headers) };
      await processMessage(message, () => handle(payload), { parent: "message" });
    }
  };
  let running: Promise<void> = Promise.resolve();
  let isBusy = false;
  const timer = setInterval(() => {
    if (isBusy) return;
    isBusy = true;
    running = take()
      .catch((error: unknown) => log.error(`work of ${queue} failed`, error))
      .finally(() => {
        isBusy = false;
      });
  }, EVERY_MS);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
