/**
 * Brings faults about under work, and checks that nothing was lost, doubled or made up. See docs/how-to/inject-faults.md.
 *
 *   npm run faults                                   a round of each kind, and its control
 *   npm run faults -- --rounds 30 --seed 4711        more of it
 *   npm run faults -- --kind kill-postgres --keep    one kind, journals kept
 *
 * Exit status 1: a violation, or a control that was not caught; 2: it was asked for something that is not there.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { machine } from "../bench/support/results.ts";
import { type Outcome, playCampaign } from "./campaign.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { showTable } from "./table.ts";

const results = fileURLToPath(new URL("results/", import.meta.url));

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function read(): Options | undefined {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    return undefined;
  }
}

async function run(options: Options): Promise<boolean> {
  const { seed, rounds, injections, kinds, controls, keep } = options;
  const began = new Date();
  const folder = path.join(results, `${began.toISOString().replaceAll(/[:.]/g, "-")}-${seed}`);
  mkdirSync(folder, { recursive: true });
  say(`seed ${seed}`);
  const controlRounds = controls ? 3 : 0;
  const outcome = await playCampaign({ kinds, seed, rounds, injections, controlRounds, folder, tell: say });
  const about = { ...machine(), postgres: outcome.postgres };
  const settings = { seed, rounds, injections, kinds: kinds.map(({ name }) => name), controls };
  const content = { at: began.toISOString(), about, settings, ...outcome };
  writeFileSync(path.join(results, "faults.json"), `${JSON.stringify(content, null, 2)}\n`);
  say(showTable(outcome.rows));
  const wrong = report(outcome);
  if (keep || wrong) say(`journals and logs: ${folder}`);
  else rmSync(folder, { recursive: true });
  return !wrong;
}

/** Says what has failed, and how to see it again. @returns whether anything has */
function report({ rows, failed }: Outcome): boolean {
  for (const { kind, violations, journal, replay } of failed) {
    say(`\n${kind}: ${violations.length} violations, journal ${journal}\n  again: ${replay}`);
    for (const { check, what } of violations.slice(0, 10)) say(`  ${check}: ${what}`);
  }
  const uncaught = rows.filter(({ control }) => control.asExpected === false);
  for (const { kind } of uncaught) say(`${kind}: the control was not as expected`);
  return failed.length > 0 || uncaught.length > 0;
}

const options = read();
if (options === undefined) process.exitCode = 2;
else if (!(await run(options))) process.exitCode = 1;
