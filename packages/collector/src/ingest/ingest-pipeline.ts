// From export requests to sealed segments. A request is decoded straight into the open segment's columns
// (so a malformed one is refused before anything is kept), appended to the segment's log, and
// acknowledged once that is durable. A segment is sealed when it is old or large enough: its columns
// become Native blocks, which the store inserts. Its rollups follow with those of its group.

import { ClewError } from "@clew/base";
import {
  type Fingerprint,
  RecentRequests,
  RollupGroup,
  type SealedSegment,
  SegmentEncoder,
  type SegmentEncoderOptions,
  Spool,
  type WalRequest,
} from "@clew/storage";
import type { ExportOutcome, ExportRequest, ExportSink } from "../receivers/export-sink.ts";
import { Backlog } from "./backlog.ts";
import { decodeRequest, type SegmentColumns } from "./decode-request.ts";
import { type IngestOptions, ingestDefaults } from "./ingest-options.ts";
import { type IngestStats, newIngestStats } from "./ingest-stats.ts";
import { clearColumns, newColumns, OpenSegment } from "./open-segment.ts";
import { replaySegment } from "./replay.ts";
import { type SegmentGroup, SegmentGroups } from "./segment-groups.ts";

/** What the pipeline hands sealed segments to. */
export interface SegmentStore {
  /** Resolves when all rows are durable in the engine, or when the segment was refused for good. */
  insert(
    segment: SealedSegment,
  ): Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: string }>;
}

export interface IngestDependencies extends SegmentEncoderOptions {
  /** Absolute path of the spool folder. */
  readonly spoolDirectory: string;
  readonly store: SegmentStore;
  /** For the log: trouble that an operator should see. */
  readonly onTrouble: (message: string, error?: unknown) => void;
  readonly options?: Partial<IngestOptions>;
}

/**
 * What segments that are closed and not encoded may hold in memory, about three large ones; beyond it senders
 * are asked to wait. Their number says nothing: small ones close because of their age.
 */
const MAX_CLOSED_ROWS = 400_000;
const MAX_CLOSED_BYTES = 256 * 1024 * 1024;
/** Segments encoded whose insert is not done; beyond this, rows stay unmade until the engine catches up. */
const MAX_INSERTING = 4;

/** Columns that hold more memory than this are not kept for the next segment. */
const MAX_KEPT_BYTES = 192 * 1024 * 1024;

/** The collector's write path. */
export class IngestPipeline implements ExportSink {
  readonly stats: IngestStats = newIngestStats();
  readonly #options: IngestOptions;
  readonly #dependencies: IngestDependencies;
  readonly #spool: Spool;
  readonly #encoder: SegmentEncoder;
  readonly #recent: RecentRequests<Promise<ExportOutcome>>;
  readonly #freeColumns: SegmentColumns[] = [];
  #current: OpenSegment | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #idleTimer: NodeJS.Timeout;
  #closedRows = 0;
  #closedBytes = 0;
  readonly #backlog: Backlog;
  readonly #groups: SegmentGroups;
  /** Groups whose rollups could not be written, by the name under which the backlog has them. */
  readonly #lateGroups = new Map<string, SegmentGroup>();
  #inserting = new Set<Promise<void>>();
  #encoding: Promise<void> = Promise.resolve();
  #stopping = false;

  private constructor(spool: Spool, dependencies: IngestDependencies) {
    this.#spool = spool;
    this.#dependencies = dependencies;
    this.#options = { ...ingestDefaults, ...dependencies.options };
    this.#encoder = new SegmentEncoder(dependencies);
    this.#recent = new RecentRequests(Date.now());
    this.#backlog = new Backlog({
      work: (id) => {
        const group = this.#lateGroups.get(id);
        return group === undefined ? this.#replay(id) : this.#insertRollups(group);
      },
      engineFree: () => Promise.allSettled(this.#inserting),
      onTrouble: dependencies.onTrouble,
      pauseMs: this.#options.retryEveryMs,
    });
    this.#groups = new SegmentGroups(this.#options.groupForMs, (group) => this.#complete(group));
    this.#idleTimer = setInterval(() => this.#insertDue(false), this.#options.idleEveryMs);
  }

  /**
   * Opens the spool and takes up what a former process left there: its newest requests are remembered
   * before this resolves, and all of it is inserted in the background.
   */
  static async open(dependencies: IngestDependencies): Promise<IngestPipeline> {
    const spool = await Spool.open(dependencies.spoolDirectory, dependencies.onTrouble);
    const pipeline = new IngestPipeline(spool, dependencies);
    await pipeline.#takeUpLeftovers();
    return pipeline;
  }

  get freeBytes(): number {
    if (this.#stopping) return 0;
    if (this.#closedRows >= MAX_CLOSED_ROWS || this.#closedBytes >= MAX_CLOSED_BYTES) return 0;
    const spoolFree =
      this.#options.spoolMaxBytes - this.#spool.usedBytes - (this.#current?.bytes ?? 0);
    return Math.max(0, spoolFree);
  }

  /** Bytes of acknowledged data that the engine does not have yet. */
  get spoolBytes(): number {
    return this.#spool.usedBytes + (this.#current?.bytes ?? 0);
  }

  async export(request: ExportRequest): Promise<ExportOutcome> {
    this.#refuseWhenFull(request);
    const received = { ...request, receivedSeconds: Math.floor(Date.now() / 1000) };
    const print = this.#spool.seal.fingerprint(received);
    const known = this.#recent.find(print);
    if (known !== undefined) {
      this.stats.repeatedRequests++;
      return known;
    }
    const outcome = this.#store(received, print);
    this.#recent.add(print, outcome, Date.now());
    try {
      return await outcome;
    } catch (error) {
      this.#recent.remove(print);
      throw error;
    }
  }

  /** Seals what is open and waits until all of it is inserted (or left in the spool for the next start). */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#idleTimer);
    this.#seal();
    this.#groups.closeCurrent();
    await this.#encoding;
    await atMost(this.#options.stopWithinMs, this.#drain());
    await this.#spool.requests.close();
  }

  async #drain(): Promise<void> {
    await this.#backlog.stop();
    await this.#untilIdle();
    this.#insertDue(true);
    await this.#untilIdle();
  }

  /** What is inserted may complete a group, which is then encoded and inserted in turn. */
  async #untilIdle(): Promise<void> {
    for (let last: Promise<void> | undefined; last !== this.#encoding; ) {
      last = this.#encoding;
      await last;
      await Promise.allSettled(this.#inserting);
    }
  }

  #refuseWhenFull(request: ExportRequest): void {
    if (this.#stopping) {
      throw new ClewError("unavailable", "the collector is shutting down", { retryAfterMs: 5000 });
    }
    if (this.freeBytes >= request.body.length) return;
    this.stats.refusedRequests++;
    this.#groups.closeCurrent(); // its logs are room that nothing else needs
    throw new ClewError("overloaded", "the collector has more to store than it may hold", {
      hint: "retry later; raise CLEW_SPOOL_MAX_BYTES if the disk allows, or send less",
      retryAfterMs: 2000,
    });
  }

  async #store(request: WalRequest, print: Fingerprint): Promise<ExportOutcome> {
    const segment = this.#openSegment();
    const result = decodeRequest(request, segment.columns);
    const outcome = { rejected: result.rejected, message: result.message };
    this.stats.rejectedRecords += result.rejected;
    if (result.accepted === 0) return outcome;
    const committed = segment.commit(request, print);
    if (this.#isLarge(segment)) this.#seal();
    try {
      await committed;
    } catch (error) {
      // The disk failed: seal, so that the rows of refused requests are dropped and a new log is tried.
      if (this.#current === segment) this.#seal();
      throw error;
    }
    if (request.signal === "traces") this.stats.acceptedSpans += result.accepted;
    else this.stats.acceptedLogs += result.accepted;
    return outcome;
  }

  #openSegment(): OpenSegment {
    if (this.#current !== undefined) return this.#current;
    const nowMs = Date.now();
    const id = this.#spool.nextId(nowMs, this.#groups.currentId);
    this.#groups.opened(id);
    const columns = this.#freeColumns.pop() ?? newColumns();
    this.#current = new OpenSegment(id, this.#spool.createWal(id), this.#spool.seal, columns);
    this.#timer = setTimeout(() => this.#seal(), this.#options.sealAfterMs);
    return this.#current;
  }

  #isLarge(segment: OpenSegment): boolean {
    const { sealAfterRows, sealAfterBytes } = this.#options;
    return rowsOf(segment) >= sealAfterRows || segment.bytes >= sealAfterBytes;
  }

  #seal(): void {
    const segment = this.#current;
    if (segment === undefined) return;
    clearTimeout(this.#timer);
    this.#current = undefined;
    const rows = rowsOf(segment);
    const { bytes } = segment;
    this.#closedRows += rows;
    this.#closedBytes += bytes;
    this.#spool.account(segment.id, bytes);
    this.#encoding = this.#encoding
      .then(() => this.#encodeAndInsert(segment))
      .finally(() => {
        this.#closedRows -= rows;
        this.#closedBytes -= bytes;
      })
      .catch((error: unknown) => {
        this.#dependencies.onTrouble(`segment ${segment.id} could not be made ready`, error);
      });
  }

  async #encodeAndInsert(segment: OpenSegment): Promise<void> {
    let walBytes = 0;
    try {
      walBytes = await segment.close();
      await this.#spool.requests.remember(segment.id, segment.prints);
      const { spans, logs } = segment.columns;
      if (spans.length + logs.length === 0) return await this.#drop(segment.id);
      this.#spool.account(segment.id, walBytes);
      if (this.#inserting.size >= MAX_INSERTING) return this.#backlog.add(segment.id);
      const rollups = this.#groups.rollupsFor(segment.id);
      const blocks = this.#encoder.encode(spans, logs, Date.now(), rollups);
      const sealed = await this.#spool.writeBlocks(segment.id, walBytes, blocks);
      this.#encoder.release(blocks);
      this.#track(this.#insert(sealed));
    } catch (error) {
      // The log is whole; only the rows could not be written. They are made again from the log.
      this.#dependencies.onTrouble(
        `rows of segment ${segment.id} could not be written; trying again`,
        error,
      );
      this.#encoder.forgetContent();
      this.#backlog.add(segment.id);
    } finally {
      this.#recycle(segment.columns);
    }
  }

  /** A segment of which nothing is to be stored. */
  async #drop(id: string): Promise<void> {
    await this.#spool.finish(id);
    this.#groups.left(id, false);
  }

  #complete(group: SegmentGroup): void {
    this.#encoding = this.#encoding.then(() => {
      this.#track(
        this.#insertRollups(group).catch((error: unknown) => {
          const name = `${group.id}.rollups`;
          this.#dependencies.onTrouble(`${name} could not be written; trying again`, error);
          this.#lateGroups.set(name, group);
          this.#backlog.add(name);
        }),
      );
    });
  }

  /** Inserts the rollups of a complete group; then nothing needs its logs any more. */
  async #insertRollups(group: SegmentGroup): Promise<void> {
    const blocks = this.#encoder.encodeRollups(group.rollups, Date.now(), false);
    const sealed = await this.#spool.writeRollups(group.id, blocks);
    const outcome = await this.#dependencies.store.insert(sealed);
    this.#lateGroups.delete(sealed.id);
    if (outcome.ok) return this.#spool.finishGroup(group.id, group.inserted);
    this.stats.damagedSegments += group.inserted.length;
    for (const id of group.inserted) await this.#spool.setAside(id, `rollups: ${outcome.reason}`);
    await this.#spool.finishGroup(group.id, []);
    this.#dependencies.onTrouble(`rollups of ${group.id} are refused: ${outcome.reason}`);
  }

  /**
   * Inserts rollups that no segment will bring along: calls whose other half will not come, and the attribute
   * catalogue. They have no log: a crash loses these few, which count what was seen and are no one's data.
   */
  #insertDue(isLast: boolean): void {
    this.#encoding = this.#encoding
      .then(async () => {
        const nowMs = Date.now();
        const blocks = this.#encoder.encodeRollups(new RollupGroup(), nowMs, isLast);
        if (blocks.length === 0) return;
        const id = this.#spool.nextId(nowMs);
        const sealed = await this.#spool.writeRollups(id, blocks);
        this.#track(this.#insertLogless(id, sealed));
      })
      .catch((error: unknown) => {
        this.#dependencies.onTrouble(
          "edges and attribute names of the last seconds were lost",
          error,
        );
      });
  }

  async #insertLogless(id: string, sealed: SealedSegment): Promise<void> {
    const outcome = await this.#dependencies.store.insert(sealed);
    await this.#spool.finishGroup(id, []);
    if (!outcome.ok) this.#dependencies.onTrouble(`rollups are refused: ${outcome.reason}`);
  }

  async #replay(id: string): Promise<void> {
    const columns = this.#freeColumns.pop() ?? newColumns();
    try {
      const sealed = await replaySegment(id, {
        spool: this.#spool,
        encoder: this.#encoder,
        columns,
        rollups: () => this.#groups.rollupsFor(id),
        onTrouble: this.#dependencies.onTrouble,
      });
      this.stats.replayedSegments++;
      if (sealed === undefined) this.#groups.left(id, false);
      else await this.#insert(sealed);
    } catch (error) {
      this.#encoder.forgetContent();
      throw error;
    } finally {
      this.#recycle(columns);
    }
  }

  /** Keeps the memory of columns for the next segment, unless something extraordinary made them grow. */
  #recycle(columns: SegmentColumns): void {
    clearColumns(columns);
    const bytes = columns.spans.memoryBytes + columns.logs.memoryBytes;
    if (this.#freeColumns.length < 2 && bytes <= MAX_KEPT_BYTES) this.#freeColumns.push(columns);
  }

  async #insert(sealed: SealedSegment): Promise<void> {
    const outcome = await this.#dependencies.store.insert(sealed);
    if (outcome.ok) {
      this.stats.insertedSegments++;
      await this.#spool.keepLog(sealed.id);
      return this.#groups.left(sealed.id, true);
    }
    this.stats.damagedSegments++;
    this.#encoder.forgetContent();
    const path = await this.#spool.setAside(sealed.id, outcome.reason);
    this.#groups.left(sealed.id, false);
    this.#dependencies.onTrouble(`segment set aside as ${path}: ${outcome.reason}`);
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => {
        this.#dependencies.onTrouble("a segment stays in the spool until the next start", error);
      })
      .finally(() => this.#inserting.delete(tracked));
    this.#inserting.add(tracked);
  }

  async #takeUpLeftovers(): Promise<void> {
    const { requests } = this.#spool;
    const stored = Promise.resolve({ rejected: 0, message: undefined });
    for (const print of requests.takeFormer()) this.#recent.add(print, stored, Date.now());
    const ids = await this.#spool.leftovers();
    const unknown = ids.filter((id) => !requests.knows(id)).toReversed();
    let bytes = 0;
    for (const [age, id] of unknown.entries()) {
      bytes += this.#spool.bytesOf(id);
      const { rememberSegments, rememberBytes } = this.#options;
      if (age >= rememberSegments && bytes > rememberBytes) break;
      const prints = await this.#spool.fingerprints(id);
      for (const print of prints) this.#recent.add(print, stored, Date.now());
      await requests.remember(id, prints);
    }
    for (const id of ids) this.#groups.found(id);
    for (const id of ids) this.#backlog.add(id);
  }
}

function rowsOf({ columns }: OpenSegment): number {
  return columns.spans.length + columns.logs.length;
}

/** Resolves when `work` does, or after `ms` milliseconds. */
async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const timer = Promise.withResolvers<void>();
  const timeout = setTimeout(timer.resolve, ms);
  await Promise.race([work, timer.promise]);
  clearTimeout(timeout);
}
