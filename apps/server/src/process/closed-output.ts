// A terminal that closes or a pipe whose reader has gone (`clew load --help | head -1`) is no reason to
// fall over: a command ends as it would have, without anybody who reads what it says.

/** Lets `streams` lose their readers without an error; every other error of theirs is thrown as before. */
export function allowClosedOutput(
  streams: readonly NodeJS.WritableStream[] = [process.stdout, process.stderr],
): void {
  for (const stream of streams) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      // EPIPE: a pipe without a reader; EIO: a terminal that is gone.
      if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
    });
  }
}
