// What queries of the embedded engine have read. Its streams do not tell, but while a query is in the engine
// `system.processes` knows it: from its start until the fetch that finds its end. So a session of its own looks
// there (1.7 ms a look), and one look tells of all queries that are followed.
//
// A query is looked at when it has given rows and before more are fetched: those of aggregations and of sorted
// answers come when all is read, so their counts are final. One that gives chunk after chunk is looked at again
// now and then, and one that is watched also while it has given nothing, since it may end without a row.

/** What is needed of a session. */
export interface LookSession {
  queryAsync(sql: string, options: { readonly format: string }): Promise<{ text(): string }>;
}

/** Tells what a query read: rows, and uncompressed bytes of their columns. */
type OnRead = (rows: number, bytes: number) => void;

const SQL = "SELECT Settings['log_comment'], read_rows, read_bytes FROM system.processes";
/** Between looks at a query that gives chunk after chunk. */
const CHUNKS_MS = 25;
/** A watched query is looked at when it is so old, then when it is twice as old, at last this often. */
const FIRST_MS = 4;
const LONGEST_MS = 32;

export class ReadLooks {
  readonly #session: LookSession;
  readonly #followed = new Map<string, FollowedRead>();
  #current: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(session: LookSession) {
    this.#session = session;
  }

  /** For the query that runs with this `log_comment`. `onRead` hears its counts when it ends, if any were seen. */
  follow(marker: string, onRead: OnRead): FollowedRead {
    return new FollowedRead(this, marker, onRead);
  }

  add(read: FollowedRead): void {
    this.#followed.set(read.marker, read);
    this.#setClock();
  }

  remove(read: FollowedRead): void {
    this.#followed.delete(read.marker);
    this.#setClock();
  }

  /** Looks once. A look that runs already may have passed a query: whoever asks now waits for the next one. */
  look(): Promise<void> {
    this.#next ??= this.#current.then(() => {
      this.#next = undefined;
      this.#current = this.#lookNow();
      return this.#current;
    });
    return this.#next;
  }

  /** No look begins any more; what was seen stays. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** For the watched query that is due first. */
  #setClock(): void {
    clearTimeout(this.#timer);
    let due = Number.POSITIVE_INFINITY;
    for (const read of this.#followed.values()) due = Math.min(due, read.dueMs);
    if (this.#isClosed || due === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => void this.look(), Math.max(1, due - performance.now()));
  }

  async #lookNow(): Promise<void> {
    if (this.#isClosed) return;
    const began = performance.now();
    try {
      const answer = await this.#session.queryAsync(SQL, { format: "TSV" });
      for (const line of answer.text().split("\n")) {
        const [marker = "", rows, bytes] = line.split("\t");
        this.#followed.get(marker)?.see(Number(rows), Number(bytes));
      }
    } catch {
      // A count that is missing is no reason to fail a query.
    }
    for (const read of this.#followed.values()) read.lookedAt(began);
    this.#setClock();
  }
}

/** One query from its start to its end. Until `watch` or `look` it is not looked at. */
export class FollowedRead {
  readonly marker: string;
  /** When to look without being asked. */
  dueMs: number = Number.POSITIVE_INFINITY;
  readonly #looks: ReadLooks;
  readonly #onRead: OnRead;
  #startedMs = 0;
  #hasRows = false;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #rows = 0;
  #bytes = 0;

  constructor(looks: ReadLooks, marker: string, onRead: OnRead) {
    this.marker = marker;
    this.#looks = looks;
    this.#onRead = onRead;
  }

  /** Looks from time to time until rows come: for a query that is just about to start. */
  watch(): void {
    this.#startedMs = performance.now();
    this.dueMs = this.#startedMs + FIRST_MS;
    this.#looks.add(this);
  }

  /** To be awaited when rows have come, before more are fetched. Looks unless that was done just now. */
  async look(): Promise<void> {
    const now = performance.now();
    const isFirst = !this.#hasRows;
    if (!isFirst && now - this.#lookedMs < CHUNKS_MS) return;
    this.#hasRows = true;
    this.dueMs = Number.POSITIVE_INFINITY;
    this.#looks.add(this);
    await this.#looks.look();
  }

  see(rows: number, bytes: number): void {
    this.#rows = Math.max(this.#rows, rows);
    this.#bytes = Math.max(this.#bytes, bytes);
  }

  lookedAt(beganMs: number): void {
    this.#lookedMs = beganMs;
    if (this.dueMs === Number.POSITIVE_INFINITY) return;
    const age = performance.now() - this.#startedMs;
    this.dueMs = performance.now() + Math.min(Math.max(age, FIRST_MS), LONGEST_MS);
  }

  /** The query has ended, however: tells what was seen. */
  end(): void {
    this.#looks.remove(this);
    if (this.#rows > 0) this.#onRead(this.#rows, this.#bytes);
  }
}
