// A stub of MongoDB for tests, as no real server is to be had here: OP_MSG over TCP with the answers that a test gives.
// https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/

import { type AddressInfo, createServer, type Socket } from "node:net";
import { BSON } from "mongodb";

const OP_MSG = 2013;
const OP_QUERY = 2004;
const OP_REPLY = 1;
const HEADER = 16;

/** A command as it arrived. */
export type MongoCommand = Readonly<Record<string, unknown>>;

const HELLO = {
  ok: 1,
  helloOk: true,
  isWritablePrimary: true,
  ismaster: true,
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  logicalSessionTimeoutMinutes: 30,
  minWireVersion: 0,
  maxWireVersion: 25,
  readOnly: false,
};

/** The body of an OP_MSG with the documents of its sequences as members. */
function readMessage(body: Buffer): MongoCommand {
  let at = 4;
  let command: Record<string, unknown> = {};
  const sequences: Record<string, unknown[]> = {};
  while (at < body.length) {
    const kind = body[at];
    const size = body.readInt32LE(at + 1);
    const section = body.subarray(at + 1, at + 1 + size);
    if (kind === 0) command = BSON.deserialize(section);
    else {
      const end = section.indexOf(0, 4);
      const documents: unknown[] = [];
      for (let from = end + 1; from < size; from += section.readInt32LE(from)) {
        documents.push(BSON.deserialize(section.subarray(from, from + section.readInt32LE(from))));
      }
      sequences[section.toString("utf8", 4, end)] = documents;
    }
    at += 1 + size;
  }
  return { ...command, ...sequences };
}

function framed(opcode: number, to: number, parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(HEADER);
  header.writeInt32LE(HEADER + body.length, 0);
  header.writeInt32LE(to, 8);
  header.writeInt32LE(opcode, 12);
  return Buffer.concat([header, body]);
}

/** Starts a stub that answers every command but the handshake by `answer`. */
export async function startMongoStub(
  answer: (command: MongoCommand) => Readonly<Record<string, unknown>>,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const reply = (socket: Socket, message: Buffer): void => {
    const id = message.readInt32LE(4);
    const opcode = message.readInt32LE(12);
    if (opcode === OP_QUERY) {
      const flags = Buffer.alloc(20);
      flags.writeInt32LE(1, 16);
      socket.write(framed(OP_REPLY, id, [flags, BSON.serialize(HELLO)]));
      return;
    }
    const command = readMessage(message.subarray(HEADER));
    const isHello = "hello" in command || "ismaster" in command || "isMaster" in command;
    const document = isHello ? HELLO : answer(command);
    socket.write(framed(OP_MSG, id, [Buffer.alloc(5), BSON.serialize(document)]));
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    let pending = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= HEADER && pending.length >= pending.readInt32LE(0)) {
        const size = pending.readInt32LE(0);
        reply(socket, pending.subarray(0, size));
        pending = pending.subarray(size);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: (server.address() as AddressInfo).port, stop };
}
