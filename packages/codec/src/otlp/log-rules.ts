// The rules that a log record must keep to be taken, whatever encoding it came in.

import type { LogBatch } from "@clew/model";

/** Rejects the record in `row` when one of its times is not below 2^63 ns. */
export function checkLogTimes(
  rejections: { reject(reason: string): void },
  batch: LogBatch,
  row: number,
): void {
  if ((batch.time[row * 2 + 1] as number) >= 0x80000000) {
    rejections.reject("time_unix_nano must be below 2^63");
  }
  if ((batch.observedTime[row * 2 + 1] as number) >= 0x80000000) {
    rejections.reject("observed_time_unix_nano must be below 2^63");
  }
}
