// Rates of sampling in the process: read from the data folder and the file, computed anew twice a minute.

import { Sampling } from "@clew/api";
import { ClewError } from "@clew/base";
import type { RedSeriesReader } from "@clew/storage";
import type { Config } from "../config/schema.ts";
import type { Log } from "../process/log.ts";
import { type RatesNews, readRatesFile, watchRatesFile } from "./rates-file.ts";
import { loadStoredRates, saveStoredRates } from "./stored-rates.ts";

const computeEveryMs = 30_000;

export interface RunningSampling {
  readonly sampling: Sampling;
  /** Calls `listener` after every change of what tracers are told. */
  onChange(listener: () => void): void;
  stop(): void;
}

/** Starts from the rates in `folder` and in the file. Raises `bad_config` for a file that cannot be used. */
export async function startSampling(
  config: Config,
  folder: string,
  reader: () => RedSeriesReader,
  log: Log,
): Promise<RunningSampling> {
  const file = config.samplingFile;
  const filed = file === undefined ? undefined : readRatesFile(file);
  const { rates, damaged } = await loadStoredRates(folder);
  if (damaged !== undefined)
    log.error({ file: damaged }, "the rates of sampling could not be read; they were set aside");
  const listeners: (() => void)[] = [];
  const sampling = new Sampling({
    reader,
    stored: rates,
    store: (next) => saveStoredRates(folder, next),
    onChange: () => {
      for (const listener of listeners) listener();
    },
  });
  if (filed !== undefined) sampling.useFile({ rates: filed });
  const tell = (news: RatesNews): void => {
    sampling.useFile(news);
    if ("error" in news) log.error({ reason: news.error }, "the last good rates count");
    else log.info({ file }, "rates of sampling read anew");
  };
  const stopWatching = file === undefined ? undefined : watchRatesFile(file, tell);
  const timer = setInterval(() => void compute(sampling, log), computeEveryMs).unref();
  return {
    sampling,
    onChange: (listener) => void listeners.push(listener),
    stop(): void {
      clearInterval(timer);
      stopWatching?.();
    },
  };
}

async function compute(sampling: Sampling, log: Log): Promise<void> {
  try {
    await sampling.compute();
  } catch (thrown) {
    log.warn(
      { reason: ClewError.from(thrown).message },
      "adaptive rates of sampling stay as they are",
    );
  }
}
