// Adaptive sampling: from what was seen of a service to the probability with which it keeps as many requests
// a second as it is meant to. Pure, so that it can be tried on any history.

import type { ServiceSampling } from "@clew/model";

/** What arrived in a window of time: spans, and how many they stand for by their adjusted counts. */
export interface Throughput {
  readonly spans: number;
  readonly weight: number;
  readonly seconds: number;
}

interface Bounds {
  readonly target: number;
  readonly min: number;
  readonly max: number;
  readonly initial: number;
}

const usualLeast = 0.0001;
/** Share of the way to go in a step, on a logarithmic scale: noise is halved, a change is followed in minutes. */
const smoothing = 0.5;
/** Smaller changes are noise, and not worth a new answer to every tracer. */
const deadBand = 0.05;
/** A probability that keeps more than this many times the target is corrected at once. */
const tooMuch = 4;

export function boundsOf(sampling: ServiceSampling): Bounds {
  const { targetPerSecond = 1, minProbability, maxProbability = 1, initialProbability } = sampling;
  const initial = initialProbability ?? maxProbability;
  const min = minProbability ?? Math.min(usualLeast, initial);
  return { target: targetPerSecond, min, max: maxProbability, initial };
}

/**
 * Requests a second that were made. Tracers that say their threshold make it the sum of adjusted counts; of those that
 * do not, every kept request stands for one over the probability that they were told (`inForce`).
 */
export function madePerSecond({ spans, weight, seconds }: Throughput, inForce: number): number {
  const saysThreshold = weight > spans * (1 + 1e-6);
  return (saysThreshold ? weight : spans / inForce) / seconds;
}

/**
 * The probability to tell next. `current`: the one told now, undefined at first. `seen`: undefined or without spans when
 * nothing arrived; then it goes back to the initial one, step by step. `inForce`: the one told when the spans were made.
 */
export function nextProbability(
  sampling: ServiceSampling,
  current: number | undefined,
  seen: Throughput | undefined,
  inForce: number,
): number {
  const { target, min, max, initial } = boundsOf(sampling);
  const clamp = (value: number): number => Math.min(max, Math.max(min, value));
  const isKnown = seen !== undefined && seen.spans > 0 && seen.seconds > 0;
  if (!isKnown && current === undefined) return initial;
  const wanted = isKnown ? clamp(target / madePerSecond(seen, inForce)) : initial;
  const from = clamp(current ?? initial);
  if (Math.abs(Math.log(wanted / from)) < Math.log1p(deadBand)) return from;
  if (from > wanted * tooMuch) return wanted;
  const next = from ** (1 - smoothing) * wanted ** smoothing;
  // Bounds and whole keeping are reached rather than only approached.
  const isThere = Math.abs(Math.log(wanted / next)) < Math.log1p(deadBand);
  return clamp(isThere ? wanted : next);
}
