// Part: the delivery over HTTP, loaded with the first batch.

import { complain } from "../complaints.ts";
import type { ExportSettings } from "../config/settings.ts";
import type { Carrier } from "../deliver/drain.ts";
import { Sender } from "../deliver/sender.ts";
import { Spill } from "../deliver/spill.ts";
import { Transport } from "../deliver/transport.ts";

function carrierFor(settings: ExportSettings): Carrier {
  try {
    return new Transport(settings);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const message = `spans cannot be exported to ${settings.url}: ${text}`;
    complain(message);
    return { send: () => Promise.resolve({ kind: "refused", message }) };
  }
}

/** A delivery to the configured backend. */
export function createDelivery(settings: ExportSettings): Sender {
  const { spillFolder } = settings;
  const spill = spillFolder === undefined ? undefined : new Spill(settings, spillFolder);
  return new Sender(settings, carrierFor(settings), spill);
}
