// The shop's PostgreSQL: PGlite in memory, behind the PostgreSQL protocol on a local port.
import { PGlite } from "@electric-sql/pglite";
import { announce, listen, onStop, ready } from "../parts/lifecycle.ts";
import { createPostgresServer } from "./postgres-wire.ts";
import { SCHEMA } from "./schema.ts";

// The demo's data fits in a few pages; the default pool of buffers would take 130 MB more.
const startParams = [...PGlite.defaultStartParams, "-c", "shared_buffers=8MB"];
const engine = await PGlite.create({ startParams });
await engine.exec(SCHEMA);
const server = createPostgresServer(engine);
onStop(async () => {
  server.close();
});
await announce(await listen(server));
ready();
