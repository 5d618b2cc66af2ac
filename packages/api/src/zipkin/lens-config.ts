// What Lens, Zipkin's UI, reads at its start from config.json.

/** The settings with their meaning in Zipkin's server README. */
export const lensConfig = {
  environment: "",
  /** Traces a search, unless the person says otherwise. */
  queryLimit: 10,
  /** Milliseconds. */
  defaultLookback: 900_000,
  searchEnabled: true,
  dependency: { enabled: true, lowErrorRate: 0.5, highErrorRate: 0.75 },
} as const;
