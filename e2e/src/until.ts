// Waiting for something outside of this process: asks again and again until a deadline.

const PAUSE_MS = 20;

/**
 * Resolves to the first answer of `ask` that is neither undefined nor false. Throws, naming `what`, when
 * there is none within `limitMs`. An error that `ask` throws ends the wait at once.
 */
export async function until<T>(
  what: string,
  limitMs: number,
  ask: () => Promise<T | undefined | false>,
): Promise<T> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    // An answer that took long on a busy machine says nothing about the time after it was asked for.
    const isLast = performance.now() > endMs;
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (isLast) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
