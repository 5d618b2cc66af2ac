// Resources and scopes read lately, as the bytes of their rows. An id is derived from the content, so what
// was read once under an id never changes.

/** Byte strings by key, the longest unused dropped first beyond a budget of bytes. */
export class ContentCache {
  readonly #entries = new Map<string, Uint8Array>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(key: string): Uint8Array | undefined {
    const bytes = this.#entries.get(key);
    if (bytes === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, bytes);
    return bytes;
  }

  set(key: string, bytes: Uint8Array): void {
    if (this.#entries.has(key)) return;
    this.#entries.set(key, bytes);
    this.#bytes += cost(key, bytes);
    for (const [oldest, old] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#entries.delete(oldest);
      this.#bytes -= cost(oldest, old);
    }
  }
}

/** Text, bytes and what the map and the array objects take. */
function cost(key: string, bytes: Uint8Array): number {
  return key.length * 2 + bytes.length + 200;
}
