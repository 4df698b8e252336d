import { stripVTControlCharacters } from "node:util";
import { harmless, widthOf } from "./terminal.ts";

/**
 * A part of the terminal that is written over and over. What is longer than the terminal is high is shown by its end.
 * @param out the terminal
 */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  #rows = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  show(text: string): void {
    const lines = harmless(text).split("\n");
    while (lines.length > 1 && this.#height(lines) > (this.#out.rows || 24) - 1) lines.shift();
    const up = this.#rows === 0 ? "" : `\u001b[${this.#rows}F`;
    this.#out.write(`${up}\u001b[J${lines.join("\n")}\n`);
    this.#rows = this.#height(lines);
  }

  /** Rows that the lines take, since a long one goes on in the next row. */
  #height(lines: readonly string[]): number {
    const columns = this.#out.columns || 80;
    const rowsOf = (line: string): number => Math.ceil(widthOf(stripVTControlCharacters(line)) / columns) || 1;
    return lines.reduce((rows, line) => rows + rowsOf(line), 0);
  }
}
