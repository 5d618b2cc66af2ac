// How the embedded engine is set up: what callers choose, and the server settings that follow from it.

import { MAX_STATEMENT, type QueryLimits } from "./engine.ts";

const MiB = 1024 * 1024;

export interface ChdbOptions {
  /** Data folder; made when missing. One process at a time can have it open, and a process only one folder. */
  readonly path: string;
  /** Sessions for reads, i.e. queries that run at once; 4 unless given. See `sessionCounts`. */
  readonly readers?: number;
  /** Sessions for inserts; 2 unless given. */
  readonly writers?: number;
  /** Questions that may wait for their first read; `MAX_WAITING` unless given. */
  readonly maxWaiting?: number;
  /** Default limits of a read: 30 s and 512 MiB unless given. */
  readonly limits?: Partial<QueryLimits>;
  /** All memory that the engine may allocate, bytes; 1 GiB unless given. */
  readonly memoryBytes?: number;
  /** Threads that merge parts in the background; 2 unless given. */
  readonly mergeThreads?: number;
}

/** Server settings for an engine that shares its process: small caches, few background threads. */
export function serverArguments(options: ChdbOptions): string[] {
  const memory = options.memoryBytes ?? 1024 * MiB;
  const merges = options.mergeThreads ?? 2;
  const settings: Record<string, number> = {
    max_server_memory_usage: memory,
    merges_mutations_memory_usage_soft_limit: Math.floor(memory / 2),
    mark_cache_size: 64 * MiB,
    primary_index_cache_size: 64 * MiB,
    index_mark_cache_size: 16 * MiB,
    uncompressed_cache_size: 0,
    index_uncompressed_cache_size: 0,
    query_condition_cache_size: 16 * MiB,
    compiled_expression_cache_size: 16 * MiB,
    mmap_cache_size: 64,
    background_pool_size: merges,
    background_merges_mutations_concurrency_ratio: 2,
    background_schedule_pool_size: 4,
    background_common_pool_size: 2,
    max_thread_pool_free_size: 32,
    // The engine takes one thread a GiB of free memory unless told otherwise, i.e. one in all here.
    max_threads_min_free_memory_per_thread: 64 * MiB,
    max_query_size: MAX_STATEMENT,
  };
  return Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
}

/**
 * How many sessions to open. A running read or write holds a thread of libuv's pool, and so does stopping
 * one: more sessions than threads would leave nothing to cancel with. UV_THREADPOOL_SIZE (4 unless set
 * before the process starts) should be readers + writers + 4; below that fewer sessions are opened.
 */
export function sessionCounts(
  options: ChdbOptions,
  poolSize: number = Number(process.env["UV_THREADPOOL_SIZE"]) || 4,
): { readers: number; writers: number } {
  const writers = Math.min(options.writers ?? 2, Math.max(1, Math.floor(poolSize / 4)));
  const readers = Math.min(options.readers ?? 4, Math.max(1, poolSize - writers - 1));
  return { readers, writers };
}
