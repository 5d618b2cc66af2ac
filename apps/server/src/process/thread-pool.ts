// Import this before anything that touches the disk asynchronously, compresses or resolves names: libuv makes
// its thread pool at the first such call and takes the size from the environment then. chDB keeps one of its
// threads for each query that runs, and the default of 4 would let four slow queries stop the spool's fsync.

/** Threads that the process needs for queries, fsync and compression together. */
const wanted = 16;

if (process.env["UV_THREADPOOL_SIZE"] === undefined) process.env["UV_THREADPOOL_SIZE"] = String(wanted);

export {};
