// The real parts of the server. The one place that names the store's engine and the receivers.

import { ClewError } from "@clew/base";
import type { Ingest, Parts, Store } from "./wiring.ts";

// TODO(storage): `openStore` of @clew/storage. TODO(ingest): the receivers and the collector thread.
async function notThereYet(): Promise<never> {
  throw new ClewError("unimplemented", "this build of Clew has no span store yet");
}

export const parts: Parts<Store> = {
  openStore: (): Promise<Store> => notThereYet(),
  startIngest: (): Promise<Ingest> => notThereYet(),
};
