// A figure is one measured number beside its goal. Here figures become a table for a terminal or for a
// Markdown page. A benchmark prints figures; it never fails on one.

/** What a figure should be: at most or at least this, in the figure's own unit. */
export type Goal = { readonly atMost: number } | { readonly atLeast: number };

/** One measured number. */
export interface Figure {
  /** Part of the benchmark, such as `ingest`. */
  readonly part: string;
  readonly name: string;
  /** Undefined when it could not be measured; the note says why. */
  readonly value: number | undefined;
  readonly unit: string;
  readonly goal?: Goal;
  readonly note?: string;
}

/** Takes the figures of one part as they come up and says each on stderr at once. */
export class FigureList {
  readonly all: Figure[] = [];
  readonly #part: string;

  constructor(part: string) {
    this.#part = part;
  }

  add(name: string, value: number | undefined, unit: string, about: Partial<Figure> = {}): void {
    const figure = { ...about, part: this.#part, name, value, unit };
    this.all.push(figure);
    const goal = figure.goal === undefined ? "" : `  (goal ${goalText(figure)})`;
    const note = figure.note === undefined ? "" : `  ${figure.note}`;
    process.stderr.write(`  ${this.#part}: ${name} ${valueText(figure)}${goal}${note}\n`);
  }

  /** Says what is being done, on stderr. */
  step(text: string): void {
    process.stderr.write(`  ${this.#part}: ${text} ...\n`);
  }
}

function numberText(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", {
    maximumFractionDigits: Number.isInteger(value) ? 0 : digits,
    minimumFractionDigits: Number.isInteger(value) ? 0 : digits,
  });
}

function valueText({ value, unit }: Figure): string {
  return value === undefined ? "not measured" : `${numberText(value)} ${unit}`.trimEnd();
}

function goalText({ goal, unit }: Figure): string {
  if (goal === undefined) return "";
  const [sign, limit] = "atMost" in goal ? ["<=", goal.atMost] : [">=", goal.atLeast];
  return `${sign} ${numberText(limit)} ${unit}`.trimEnd();
}

/** Whether a figure meets its goal; undefined without a goal or a value. */
export function isMet({ value, goal }: Figure): boolean | undefined {
  if (value === undefined || goal === undefined) return undefined;
  return "atMost" in goal ? value <= goal.atMost : value >= goal.atLeast;
}

function verdict(figure: Figure): string {
  const met = isMet(figure);
  return met === undefined ? "" : met ? "met" : "missed";
}

function cells(figure: Figure): string[] {
  return [figure.name, goalText(figure), valueText(figure), verdict(figure), figure.note ?? ""];
}

function parts(figures: readonly Figure[]): Map<string, Figure[]> {
  return Map.groupBy(figures, ({ part }) => part);
}

/** The figures as a table of fixed-width columns, part by part. */
export function textTable(figures: readonly Figure[]): string {
  const lines: string[] = [];
  for (const [part, ofPart] of parts(figures)) {
    const rows = [["figure", "goal", "measured", "", ""], ...ofPart.map(cells)];
    const widths = [0, 1, 2, 3].map((at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
    lines.push("", part);
    for (const row of rows) {
      const line = row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ");
      lines.push(`  ${line.trimEnd()}`);
    }
  }
  return lines.join("\n");
}

/** The figures as Markdown tables, each under the command that measures it. */
export function markdownTables(figures: readonly Figure[]): string {
  const lines: string[] = [];
  for (const [part, ofPart] of parts(figures)) {
    lines.push(`### ${part}`, "", `\`npm run bench -- ${part}\``, "");
    lines.push("| what | goal | figure | | |", "|---|---|---|---|---|");
    for (const figure of ofPart) {
      const row = cells(figure).map((cell) => cell.replaceAll("|", "\\|"));
      lines.push(`| ${row.join(" | ")} |`);
    }
    lines.push("");
  }
  return lines.join("\n");
}
