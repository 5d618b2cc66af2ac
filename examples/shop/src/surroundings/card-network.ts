// Somebody else's service: a card network without any tracing. It shows how the service map
// draws a peer that only its callers know, and it brings the slow and failing answers of the
// real world: 3 % declined, 2 % unavailable, and one card scheme that is slower than the others.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { chance, work } from "../parts/chance.ts";
import { announce, listen, onStop, ready } from "../parts/lifecycle.ts";

async function authorize(scheme: string): Promise<{ status: number; body: unknown }> {
  await (scheme === "heron" ? work(60, 500) : work(15, 90));
  if (chance(0.04)) await work(600, 1_500);
  if (chance(0.02)) return { status: 503, body: { error: "authorization host is busy" } };
  if (chance(0.03)) return { status: 200, body: { approved: false, reason: "insufficient_funds" } };
  return { status: 200, body: { approved: true } };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { scheme } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as { scheme: string };
    const { status, body } = await authorize(scheme);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  } catch {
    response.destroy();
  }
}

const server = createServer((request, response) => void answer(request, response));
onStop(async () => {
  server.closeAllConnections();
  server.close();
});
await announce(await listen(server));
ready();
