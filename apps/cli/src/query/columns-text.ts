// Tables for terminals: columns as wide as their widest cell, numbers to the right. Cells are cut and freed
// of control characters by whoever makes them.

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Lines of a table with a head; the last column is not padded. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const head = columns.map(({ title }) => title);
  const widths = columns.map((_, at) =>
    Math.max(...[head, ...rows].map((row) => (row[at] ?? "").length)),
  );
  const line = (row: readonly string[]): string =>
    columns
      .map(({ align }, at) => {
        const cell = row[at] ?? "";
        const width = widths[at] ?? 0;
        return align === "right" ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  return [line(head), ...rows.map(line)];
}
