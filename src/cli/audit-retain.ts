import type { Command } from "commander";
import { readConfig } from "../config.ts";
import { parseVerifierKey } from "../evidence/index.ts";
import { retainOnDatabase } from "../retain.ts";
import { type Shown, table } from "./output.ts";
import type { Run } from "./tokens.ts";

interface RetainOptions {
  readonly before: string;
  readonly to: string;
  readonly drop?: boolean;
  readonly key?: readonly string[];
}

async function retain({ before, to, drop = false, key = [] }: RetainOptions): Promise<Shown> {
  const value = await retainOnDatabase(readConfig(), { before, directory: to, drop, keys: key.map(parseVerifierKey) });
  const rows = value.parts.map((part) => [
    part.month,
    part.leaves,
    part.first_leaf,
    part.last_leaf,
    part.file,
    part.kept,
  ]);
  const done = `${value.retained.length} exported and detached, ${value.dropped.length} dropped`;
  return { value, text: `${done}\n${table(["month", "leaves", "first", "last", "file", "table is kept"], rows)}` };
}

/** What an operator runs on the database itself, so that the events do not grow for ever (AUDIT-2). */
export function addRetainCommand(
  audit: Command,
  run: Run,
  many: (value: string, before?: readonly string[]) => readonly string[],
): void {
  audit
    .command("retain")
    .description("export each month that lies before, check the files against the signed log, and detach the months")
    .requiredOption("--before <YYYY-MM>", "the first month that stays; the present one at the latest")
    .requiredOption("--to <directory>", "a directory that is there; it gets a file for each month")
    .option("--drop", "drop the detached tables as well")
    .option("--key <vkey>", "the log's key, as you have kept it", many)
    .action((options: RetainOptions) => run(() => retain(options)));
}
