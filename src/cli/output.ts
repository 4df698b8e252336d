import process from "node:process";
import { stripVTControlCharacters, styleText } from "node:util";

export type Cell = string | number | boolean | null | undefined;

/** What a command answers: the value for `--json`, and how a person sees it. */
export interface Shown {
  readonly value: unknown;
  readonly text: string;
  /** The exit code; 0 if absent. */
  readonly code?: number;
}

// styleText itself respects NO_COLOR and whether the stream is a terminal.
const bold = (text: string): string => styleText("bold", text, { stream: process.stdout });

/** A table with aligned columns, or a line that says there is nothing. */
export function table(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return "none";
  const cells = rows.map((row) => row.map(plain));
  const widths = columns.map((name, column) => Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [bold(line(columns.map((name) => name.toUpperCase()))), ...cells.map(line)].join("\n");
}

/** Name and value, a line each; what is an object is shown as JSON. */
export function fields(value: object): string {
  const rows = Object.entries(value);
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows
    .map(([name, entry]) => {
      const shown: Cell = typeof entry === "object" && entry !== null ? JSON.stringify(entry) : (entry as Cell);
      return `${bold(name.padEnd(width))}  ${plain(shown)}`;
    })
    .join("\n");
}

/** Text of others must not be able to steer the terminal, to begin a line of its own or to turn the order of what is read. */
export function plain(cell: Cell): string {
  return stripVTControlCharacters(String(cell ?? "-")).replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, " ");
}
