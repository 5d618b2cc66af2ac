// The functions of PromQL: those that are answered with the number of their arguments, and those that are not.

/** Least and most arguments by name. */
export const functionArity: ReadonlyMap<string, readonly [number, number]> = new Map([
  ["rate", [1, 1]],
  ["increase", [1, 1]],
  ["irate", [1, 1]],
  ["histogram_quantile", [2, 2]],
  ["histogram_sum", [1, 1]],
  ["histogram_count", [1, 1]],
  ["histogram_avg", [1, 1]],
  ["abs", [1, 1]],
  ["ceil", [1, 1]],
  ["floor", [1, 1]],
  ["round", [1, 2]],
  ["sqrt", [1, 1]],
  ["exp", [1, 1]],
  ["ln", [1, 1]],
  ["log2", [1, 1]],
  ["log10", [1, 1]],
  ["sgn", [1, 1]],
  ["clamp", [3, 3]],
  ["clamp_min", [2, 2]],
  ["clamp_max", [2, 2]],
  ["scalar", [1, 1]],
  ["vector", [1, 1]],
  ["time", [0, 0]],
  ["sort", [1, 1]],
  ["sort_desc", [1, 1]],
  ["absent", [1, 1]],
]);

/** Functions that Prometheus has and Clew does not answer. */
export const unsupportedFunctions: ReadonlySet<string> = new Set(
  `absent_over_time acos acosh asin asinh atan atanh avg_over_time changes cos cosh count_over_time day_of_month
  day_of_week day_of_year days_in_month deg delta deriv double_exponential_smoothing histogram_fraction
  histogram_stddev histogram_stdvar holt_winters hour idelta info label_join label_replace last_over_time
  mad_over_time max_over_time min_over_time minute month pi predict_linear present_over_time quantile_over_time rad
  resets sin sinh sort_by_label sort_by_label_desc stddev_over_time stdvar_over_time sum_over_time tan tanh
  timestamp ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time year`.split(
    /\s+/,
  ),
);
