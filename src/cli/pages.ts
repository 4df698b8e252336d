import type { Command } from "commander";
import { type PageOf, pages, type Query } from "../client/index.ts";
import { type Cell, type Shown, table } from "./output.ts";
import { said } from "./terminal.ts";

interface Paging {
  readonly all?: boolean;
}

/** The options of every list. */
export function withPaging(command: Command): Command {
  return command
    .option("--limit <n>", "how many; 50 if absent, 200 at most")
    .option("--cursor <cursor>", "go on where a list has ended")
    .option("--all", "page after page, to the end");
}

/**
 * A list as a table, with how to go on; with `--all` the pages are read one after the other.
 * @param options those of `withPaging` and the filters, as the route names them
 */
export async function listed<Item>(
  options: Query & Paging,
  read: (query: Query) => Promise<PageOf<Item>>,
  columns: readonly string[],
  row: (item: Item) => readonly Cell[],
): Promise<Shown> {
  const { all = false, ...query } = options;
  const items: Item[] = [];
  let last: PageOf<Item> = { items, next_cursor: null };
  for await (const page of pages(read, all ? { limit: 200, ...query } : query)) {
    items.push(...page.items);
    last = page;
    if (!all) break;
  }
  const { next_cursor: next } = last;
  const text = table(columns, items.map(row));
  return { value: { ...last, items }, text: next === null ? text : `${text}\n${said`more: --cursor ${next}`}` };
}
