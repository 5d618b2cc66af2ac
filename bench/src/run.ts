// What the parts of one benchmark run share: how large everything is, where servers live, and figures of
// one part that another one is compared with.

import { fileURLToPath } from "node:url";
import { startJsonProgram } from "./child.ts";
import { FigureList } from "./figures.ts";
import type { FloorReport } from "./floor.ts";
import { makeScratch, removeScratch } from "./scratch.ts";
import type { ServerPlace } from "./server-process.ts";

/** Sizes of a run. Durations in seconds, rates in spans a second. */
export interface Scale {
  readonly warmUpSeconds: number;
  readonly loadSeconds: number;
  readonly floorSegments: number;
  readonly storedSpans: number;
  readonly traceIds: number;
  /** Measured repetitions of a question, each with other parameters. */
  readonly repetitions: number;
  readonly kills: number;
  readonly browserRepetitions: number;
}

/** What the goals speak of. */
export const fullScale: Scale = {
  warmUpSeconds: 5,
  loadSeconds: 60,
  floorSegments: 40,
  storedSpans: 20_000_000,
  traceIds: 200,
  repetitions: 30,
  kills: 20,
  browserRepetitions: 5,
};

/** About a twentieth: shows that everything works. Its figures are no measurement. */
export const quickScale: Scale = {
  warmUpSeconds: 2,
  loadSeconds: 4,
  floorSegments: 4,
  storedSpans: 1_000_000,
  traceIds: 20,
  repetitions: 10,
  kills: 2,
  browserRepetitions: 1,
};

/** Spans that a part sent and what each cost the server, microseconds of CPU. */
export interface CpuPerSpan {
  readonly grpc?: number;
  readonly http?: number;
}

/** One run of `npm run bench`. */
export class BenchRun {
  readonly scale: Scale;
  readonly place: ServerPlace;
  /** Figures of all parts so far, in the order measured. */
  readonly lists: FigureList[] = [];
  /** CPU of large batches, from part `ingest` when it ran before. */
  largeBatches: CpuPerSpan = {};
  #floor: Promise<FloorReport> | undefined;
  #seed = 100;

  constructor(scale: Scale, place: ServerPlace) {
    this.scale = scale;
    this.place = place;
  }

  /** A list for the figures of a part. */
  figures(part: string): FigureList {
    const list = new FigureList(part);
    this.lists.push(list);
    return list;
  }

  /** A seed that no other load of this run has. */
  nextSeed(): number {
    return this.#seed++;
  }

  /** The floor of the write path, measured once a run in a process of its own. */
  floor(): Promise<FloorReport> {
    this.#floor ??= this.#measureFloor();
    return this.#floor;
  }

  async #measureFloor(): Promise<FloorReport> {
    const file = fileURLToPath(new URL("./floor.ts", import.meta.url));
    const args = [String(this.scale.floorSegments), "75000"];
    const folder = await makeScratch(this.place.folder);
    try {
      return await startJsonProgram<FloorReport>(file, args, { TMPDIR: folder }).result;
    } finally {
      await removeScratch(folder);
    }
  }
}
