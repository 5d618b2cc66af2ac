// Who a client or messaging span talks to when the other side sends no spans: a database, a queue or an
// external peer, named from its attributes. Current semantic conventions are read from the promoted
// columns, older ones from the span's remaining attributes.

import { type SpanBatch, ValueType } from "@clew/model";
import { promotedAttributes } from "../schema/promoted.ts";
import type { SplitAttributes } from "../write/attribute-split.ts";
import { GroupTable } from "../write/group-table.ts";

/** Numbers as in the Enum8 columns of `edges_1m`. */
export const NodeType = { Service: 1, Database: 2, Messaging: 3, External: 4 } as const;

function promotedIndex(key: string): number {
  return promotedAttributes.findIndex((attribute) => attribute.key === key);
}

const DB_SYSTEM = promotedIndex("db.system.name");
const DB_NAMESPACE = promotedIndex("db.namespace");
const DESTINATION = promotedIndex("messaging.destination.name");
const PEER_SERVICE = promotedIndex("peer.service");
const SERVER_ADDRESS = promotedIndex("server.address");

/** Names peers of one batch; results are ids in `batch.strings`, 0 when the span names none. */
export class Peers {
  readonly #batch: SpanBatch;
  readonly #split: SplitAttributes;
  readonly #databases = new GroupTable(2);
  readonly #databaseNames: number[] = [];
  readonly #legacyDbSystem: number;
  readonly #legacyDbName: number;
  readonly #legacyDestination: number;
  readonly #legacyAddress: number;

  constructor(batch: SpanBatch, split: SplitAttributes) {
    this.#batch = batch;
    this.#split = split;
    this.#legacyDbSystem = keyInUse(batch, "db.system");
    this.#legacyDbName = keyInUse(batch, "db.name");
    this.#legacyDestination = keyInUse(batch, "messaging.destination");
    this.#legacyAddress = keyInUse(batch, "net.peer.name");
  }

  /** `system/namespace`, or `system/address`, or `system`. */
  database(row: number): number {
    const system = this.#promoted(DB_SYSTEM, row) || this.#attribute(row, this.#legacyDbSystem);
    if (system === 0) return 0;
    const place =
      this.#promoted(DB_NAMESPACE, row) ||
      this.#attribute(row, this.#legacyDbName) ||
      this.#address(row);
    this.#databases.probe[0] = system;
    this.#databases.probe[1] = place;
    const group = this.#databases.group();
    return (this.#databaseNames[group] ??= this.#databaseName(system, place));
  }

  /** Queue or topic. */
  destination(row: number): number {
    return this.#promoted(DESTINATION, row) || this.#attribute(row, this.#legacyDestination);
  }

  /** Peer service, or the host it was called at. */
  external(row: number): number {
    return this.#promoted(PEER_SERVICE, row) || this.#address(row);
  }

  #databaseName(system: number, place: number): number {
    const { strings } = this.#batch;
    if (place === 0) return system;
    return strings.internText(`${strings.text(system)}/${strings.text(place)}`);
  }

  #address(row: number): number {
    return this.#promoted(SERVER_ADDRESS, row) || this.#attribute(row, this.#legacyAddress);
  }

  #promoted(index: number, row: number): number {
    return this.#split.promoted[index]?.[row] ?? 0;
  }

  #attribute(row: number, key: number): number {
    if (key === 0) return 0;
    const { attributes, attributeOffsets } = this.#batch;
    const end = attributeOffsets[row + 1] as number;
    for (let at = attributeOffsets[row] as number; at < end; at++) {
      if (attributes.keys[at] === key && attributes.types[at] === ValueType.String) {
        return attributes.slots[at * 2] as number;
      }
    }
    return 0;
  }
}

/** Id of an attribute key; 0 when no attribute of the batch can have it, because the string is new to it. */
function keyInUse(batch: SpanBatch, key: string): number {
  const known = batch.strings.size;
  const id = batch.strings.internText(key);
  return id < known ? id : 0;
}
