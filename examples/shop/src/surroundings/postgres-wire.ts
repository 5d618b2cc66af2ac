// A TCP front for the embedded PostgreSQL: the server side of the frontend/backend protocol 3.0.
// The engine is one session, so what several connections send must not mix: a batch of messages
// up to its Sync runs as a whole, and a connection inside a transaction keeps the engine until
// COMMIT or ROLLBACK. COPY, Flush without Sync and cancel requests are outside of its scope.
import { createServer, type Server, type Socket } from "node:net";

/** What the front needs of an engine; PGlite has this shape. */
export interface WireEngine {
  execProtocolRawStream(
    message: Uint8Array,
    options: { onRawData: (data: Uint8Array) => void },
  ): Promise<void>;
  isInTransaction(): boolean;
  exec(sql: string): Promise<unknown>;
}

const SSL_REQUEST = 80_877_103;
const CANCEL_REQUEST = 80_877_102;
const MAX_MESSAGE_BYTES = 1 << 20;
const SYNC = 0x53;
const QUERY = 0x51;
const PASSWORD = 0x70;
const TERMINATE = 0x58;

/** Hands the one engine session to one connection at a time, first come first served. */
class Turn {
  #owner: symbol | undefined;
  readonly #waiting: { who: symbol; start: () => void }[] = [];

  async take(who: symbol): Promise<void> {
    if (this.#owner === who) return;
    if (this.#owner === undefined) {
      this.#owner = who;
      return;
    }
    await new Promise<void>((start) => this.#waiting.push({ who, start }));
  }

  give(who: symbol): void {
    if (this.#owner !== who) return;
    const next = this.#waiting.shift();
    this.#owner = next?.who;
    next?.start();
  }
}

/** Cuts a connection's bytes into protocol messages. */
class MessageReader {
  #bytes: Buffer = Buffer.alloc(0);
  #started = false;

  push(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
  }

  /** The next whole message, or undefined; throws RangeError when a length is out of bounds. */
  next(): { type: number; bytes: Buffer } | undefined {
    const head = this.#started ? 1 : 0;
    if (this.#bytes.length < head + 4) return undefined;
    const length = this.#bytes.readInt32BE(head);
    if (length < 4 || length > MAX_MESSAGE_BYTES)
      throw new RangeError(`message of ${length} bytes`);
    if (this.#bytes.length < head + length) return undefined;
    const bytes = this.#bytes.subarray(0, head + length);
    this.#bytes = this.#bytes.subarray(head + length);
    if (this.#started) return { type: bytes[0] ?? 0, bytes };
    const code = length >= 8 ? bytes.readInt32BE(4) : 0;
    if (code === SSL_REQUEST || code === CANCEL_REQUEST) return { type: code, bytes };
    this.#started = true;
    return { type: 0, bytes };
  }
}

async function serveConnection(engine: WireEngine, turn: Turn, socket: Socket): Promise<void> {
  const me = Symbol("connection");
  const reader = new MessageReader();
  let batch: Buffer[] = [];
  const run = async (): Promise<void> => {
    await turn.take(me);
    for (const message of batch) {
      await engine.execProtocolRawStream(message, {
        onRawData: (data) => {
          if (socket.writable) socket.write(Buffer.from(data));
        },
      });
    }
    batch = [];
    if (!engine.isInTransaction()) turn.give(me);
  };
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      reader.push(chunk);
      for (let message = reader.next(); message !== undefined; message = reader.next()) {
        const { type, bytes } = message;
        if (type === TERMINATE || type === CANCEL_REQUEST) return;
        if (type === SSL_REQUEST) {
          socket.write("N");
          continue;
        }
        batch.push(bytes);
        if (type === 0 || type === SYNC || type === QUERY || type === PASSWORD) await run();
      }
    }
  } finally {
    // A client that vanishes inside a transaction must not keep the engine from the others.
    await turn.take(me);
    if (engine.isInTransaction()) await engine.exec("ROLLBACK");
    turn.give(me);
    socket.destroy();
  }
}

/** A server that speaks the PostgreSQL protocol for `engine`; the caller listens and closes. */
export function createPostgresServer(engine: WireEngine): Server {
  const turn = new Turn();
  return createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    serveConnection(engine, turn, socket).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ECONNRESET") return;
      if ((error as NodeJS.ErrnoException).code === "ERR_STREAM_PREMATURE_CLOSE") return;
      console.error("postgres connection failed:", error);
    });
  });
}
