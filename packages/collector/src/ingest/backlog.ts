// Segments whose rows are not made yet: what a former process left, and what was sealed while the engine
// was behind or the disk full. They are worked off one after another; one that fails for now goes to the
// end of the queue and is tried again, so that it neither gets lost nor blocks the rest.

export interface BacklogOptions {
  /** Makes the rows of segment `id` and inserts them; rejects when that is impossible for now. */
  readonly work: (id: string) => Promise<void>;
  /** Resolves when the engine has done what it was given so far. */
  readonly engineFree: () => Promise<unknown>;
  readonly onTrouble: (message: string, error?: unknown) => void;
  /** Pause after a failure, milliseconds. */
  readonly pauseMs: number;
}

/** A queue of segment ids; at most one is worked on at a time. */
export class Backlog {
  readonly #options: BacklogOptions;
  readonly #queue: string[] = [];
  #running: Promise<void> | undefined;
  #stopping = false;
  #wake: (() => void) | undefined;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  add(id: string): void {
    this.#queue.push(id);
    this.#running ??= this.#run();
  }

  /** Takes up no more segments and waits for the one in work; the rest stay in the spool. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (;;) {
      await this.#options.engineFree();
      const id = this.#stopping ? undefined : this.#queue.shift();
      if (id === undefined) break;
      try {
        await this.#options.work(id);
      } catch (error) {
        this.#options.onTrouble(`segment ${id} is not inserted yet; trying again`, error);
        this.#queue.push(id);
        await this.#pause(this.#options.pauseMs);
      }
    }
    this.#running = undefined;
  }

  #pause(ms: number): Promise<void> {
    if (this.#stopping) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        resolve();
      }
      this.#wake = done;
    });
  }
}
