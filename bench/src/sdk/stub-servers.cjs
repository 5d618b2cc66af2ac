// Servers that answer the least that clients of PostgreSQL and Redis take for an answer, in a process of their own, so
// that only what the clients cost is measured. Sends its parent the ports.

const { createServer } = require("node:net");

/** Redis (RESP2): `+OK` for each array of bulk strings. */
function redis(socket) {
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let commands = 0;
    for (let end = endOfCommand(rest, 0); end > 0; end = endOfCommand(rest, 0)) {
      commands++;
      rest = rest.subarray(end);
    }
    if (commands > 0) socket.write("+OK\r\n".repeat(commands));
  });
}

/** Index behind the array that begins at `start`; -1 while it is not whole. */
function endOfCommand(bytes, start) {
  let at = bytes.indexOf("\r\n", start);
  if (at < 0) return -1;
  const parts = Number(bytes.toString("latin1", start + 1, at));
  at += 2;
  for (let i = 0; i < parts; i++) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) return -1;
    at = line + 2 + Number(bytes.toString("latin1", at + 1, line)) + 2;
  }
  return at > bytes.length ? -1 : at;
}

function message(type, ...parts) {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(5);
  head.write(type, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const int32 = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const READY = message("Z", Buffer.from("I"));
const HELLO = Buffer.concat([message("R", int32(0)), READY]);
/** What Parse, Bind, Describe, Execute and Sync are answered with: no rows. */
const DONE = Buffer.concat([
  message("1"),
  message("2"),
  message("n"),
  message("C", Buffer.from("SELECT 0\0")),
  READY,
]);
const SYNC = 0x53;

/** PostgreSQL (protocol 3.0), the extended query protocol only. */
function postgres(socket) {
  let rest = Buffer.alloc(0);
  let begun = false;
  socket.on("data", (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const answers = [];
    for (;;) {
      const head = begun ? 1 : 0;
      if (rest.length < head + 4) break;
      const length = head + rest.readInt32BE(head);
      if (rest.length < length) break;
      if (!begun) answers.push(HELLO);
      else if (rest[0] === SYNC) answers.push(DONE);
      begun = true;
      rest = rest.subarray(length);
    }
    if (answers.length > 0) socket.write(Buffer.concat(answers));
  });
}

const ports = {};
const stubs = Object.entries({ redis, postgres });
for (const [name, serve] of stubs) {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on("error", () => {});
    serve(socket);
  });
  server.listen(0, "127.0.0.1", () => {
    ports[name] = server.address().port;
    if (Object.keys(ports).length === stubs.length) process.send(ports);
  });
}
