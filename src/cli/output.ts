import { type Cell, cut, padded, plain, screenWidth, styled, widthOf } from "./terminal.ts";

export { type Cell, plain } from "./terminal.ts";

/** What a command answers: the value for `--json`, and how a person sees it. */
export interface Shown {
  readonly value: unknown;
  readonly text: string;
  /** The exit code; 0 if absent. */
  readonly code?: number;
  /** The bytes of the text count: in a pipe they are written as they are. */
  readonly exact?: boolean;
  /** The last of several documents: with `--json`, a line like those before it. */
  readonly compact?: boolean;
}

const gap = 2;
/** No column is cut shorter than this, and none with a time at all: half a time is another time. */
const leastWidth = 12;
const time = /^\d{4}-\d\d-\d\dT/;

/** A table with aligned columns, or a line that says there is nothing. On a terminal it fits its width. */
export function table(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return "none";
  const cells = rows.map((row) => columns.map((_, column) => plain(row[column])));
  const natural = columns.map((name, column) =>
    Math.max(widthOf(name), ...cells.map((row) => widthOf(row[column] ?? ""))),
  );
  const widths = fitted(natural, cells);
  if (widths === undefined) return records(columns, cells);
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => padded(cut(cell, widths[column] ?? 0), widths[column] ?? 0))
      .join(" ".repeat(gap))
      .trimEnd();
  return [styled("bold", line(columns.map((name) => name.toUpperCase()))), ...cells.map(line)].join("\n");
}

/** Widths that fit the screen: the widest give way first, the first column never. Undefined where that is not enough. */
function fitted(natural: readonly number[], cells: readonly (readonly string[])[]): number[] | undefined {
  const room = screenWidth() - gap * (natural.length - 1);
  const widths = [...natural];
  const least = natural.map((width, column) => {
    const fixed = column === 0 || cells.some((row) => time.test(row[column] ?? ""));
    return fixed ? width : Math.min(width, leastWidth);
  });
  for (let over = sum(widths) - room; over > 0; over -= 1) {
    const spare = widths.map((width, column) => (width > (least[column] ?? 0) ? width : 0));
    const widest = spare.indexOf(Math.max(...spare));
    if (spare[widest] === 0) return undefined;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** A block of lines for each row, where a table is wider than the screen. */
function records(columns: readonly string[], cells: readonly (readonly string[])[]): string {
  return cells.map((row) => fields(Object.fromEntries(columns.map((name, index) => [name, row[index]])))).join("\n\n");
}

/** Name and value, a line each; what is an object is shown as JSON. */
export function fields(value: object): string {
  const rows = Object.entries(value);
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows
    .map(([name, entry]) => {
      const shown: Cell = typeof entry === "object" && entry !== null ? JSON.stringify(entry) : (entry as Cell);
      return `${styled("bold", plain(name).padEnd(width))}  ${plain(shown)}`;
    })
    .join("\n");
}
