// libuv makes its thread pool at the first call that needs it (asynchronous disk access, compression, name
// look-up) and takes the size from the environment then. chDB keeps one thread for each query that runs, and
// the default of 4 would let four slow queries stop the spool's fsync.

/** Threads that queries, fsync and compression need together. */
const wanted = 24;

/**
 * Asks for a pool of 24 threads unless UV_THREADPOOL_SIZE says otherwise. Call it before anything else is
 * imported that may use the pool; later it has no effect.
 */
export function enlargeThreadPool(): void {
  process.env["UV_THREADPOOL_SIZE"] ??= String(wanted);
}
