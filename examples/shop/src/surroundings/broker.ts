// The shop's message broker: Aedes, MQTT 5, in memory.
import { createServer } from "node:net";
import { Aedes } from "aedes";
import { announce, listen, onStop, ready } from "../parts/lifecycle.ts";

const broker = await Aedes.createBroker();
const server = createServer(broker.handle);
onStop(async () => {
  server.close();
  await new Promise<void>((resolve) => broker.close(() => resolve()));
});
await announce(await listen(server));
ready();
