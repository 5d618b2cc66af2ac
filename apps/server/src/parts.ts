// The real parts of the server. The one place that names the store's engine and the receivers.

import { startIngest } from "./ingest/start-ingest.ts";
import { type OpenStore, openStore } from "./store/open-store.ts";
import type { Parts } from "./wiring.ts";

export const parts: Parts<OpenStore> = { openStore, startIngest };
