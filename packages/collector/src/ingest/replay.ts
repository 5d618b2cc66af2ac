// Makes the rows of a segment again from its log: after a crash, after a full disk, or when the engine
// was behind. What cannot be read is kept aside and never blocks the rest.

import { ClewError } from "@clew/base";
import type {
  RollupGroup,
  SealedSegment,
  SegmentEncoder,
  Spool,
  TableBlock,
  WalContents,
  WalRequest,
} from "@clew/storage";
import { decodeRequest, type SegmentColumns } from "./decode-request.ts";

export interface ReplayContext {
  readonly spool: Spool;
  readonly encoder: SegmentEncoder;
  /** Empty; filled with the segment's records. */
  readonly columns: SegmentColumns;
  /** Where its rollups go; undefined when they are there already. */
  readonly rollups: () => RollupGroup | undefined;
  readonly onTrouble: (message: string, error?: unknown) => void;
}

/**
 * Returns the segment ready to insert, or undefined when nothing of it was (or could be) stored. Rejects
 * with what the file system says when the log cannot be read or the rows not written for now.
 */
export async function replaySegment(
  id: string,
  context: ReplayContext,
): Promise<SealedSegment | undefined> {
  const { spool, encoder, columns, onTrouble } = context;
  const setAside = async (what: string, error: unknown): Promise<undefined> => {
    const path = await spool.setAside(id, (error as Error).message);
    onTrouble(`segment ${id} ${what} and was set aside as ${path}`, error);
  };
  let contents: WalContents;
  try {
    contents = await spool.read(id);
  } catch (error) {
    if (!(error instanceof ClewError)) throw error;
    return setAside("is no log", error);
  }
  const broken = decodeAll(
    contents.records.map((record) => record.request),
    columns,
  );
  if (contents.damagedBytes > 0 || broken !== undefined) {
    const reason = broken ?? `${contents.damagedBytes} bytes have a wrong checksum`;
    const path = await spool.copyAside(id, reason);
    onTrouble(
      `segment ${id} is damaged (${reason}); the rest of it is used, and a copy is ${path}`,
    );
  }
  const { spans, logs } = columns;
  if (spans.length + logs.length === 0) {
    await spool.finish(id);
    return undefined;
  }
  let blocks: TableBlock[];
  try {
    blocks = encoder.encode(spans, logs, Date.now(), context.rollups());
  } catch (error) {
    return setAside("cannot be turned into rows", error);
  }
  const sealed = await spool.writeBlocks(id, contents.bytes, blocks);
  encoder.release(blocks);
  return sealed;
}

/** Decodes every request; returns why the first undecodable one is, if any is. */
function decodeAll(requests: readonly WalRequest[], columns: SegmentColumns): string | undefined {
  let reason: string | undefined;
  for (const request of requests) {
    try {
      decodeRequest(request, columns);
    } catch (error) {
      reason ??= `a request cannot be decoded: ${(error as Error).message}`;
    }
  }
  return reason;
}
