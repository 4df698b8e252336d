/**
 * Brings faults about under work, and checks that nothing was lost, doubled or made up. See docs/how-to/inject-faults.md.
 *
 *   npm run faults                                   a round of each kind, and its control
 *   npm run faults -- --rounds 30 --seed 4711        more of it
 *   npm run faults -- --kind kill-postgres --keep    one kind, journals kept
 *   npm run faults -- --total 1000 --report docs/reports/faults.md
 *
 * Exit status 1: a violation, or a control that was not caught; 2: it was asked for something that is not there.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { machine } from "../bench/support/results.ts";
import { playCampaign } from "./campaign.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { controlsHold, type Outcome } from "./outcome.ts";
import { writeReport } from "./report.ts";
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
  const { seed, rounds, injections, total, atOnce, kinds, controls, keep, report } = options;
  const began = new Date();
  const folder = path.join(results, `${began.toISOString().replaceAll(/[:.]/g, "-")}-${seed}`);
  mkdirSync(folder, { recursive: true });
  say(`seed ${seed}`);
  const about = machine();
  const keepReport = (outcome: Outcome, underWay: boolean): void => {
    if (report !== undefined) writeReport(outcome, { file: report, options, about, began, underWay });
  };
  const length = { rounds, injections, total, controlRounds: controls ? 4 : 0, controlInjections: 2 };
  const progress = (outcome: Outcome): void => keepReport(outcome, true);
  const tell = (line: string): void => say(`${new Date().toISOString().slice(11, 19)} ${line}`);
  const outcome = await playCampaign({
    kinds,
    seed,
    ...length,
    atOnce,
    folder,
    tell,
    progress,
    stopped: () => stopped,
  });
  const settings = { seed, rounds, injections, total, atOnce, kinds: kinds.map(({ name }) => name), controls };
  const content = { at: began.toISOString(), about, settings, ...outcome };
  writeFileSync(path.join(results, "faults.json"), `${JSON.stringify(content, null, 2)}\n`);
  keepReport(outcome, false);
  say(showTable(outcome.rows));
  const wrong = complain(outcome);
  if (keep || wrong) say(`journals and logs: ${folder}`);
  else rmSync(folder, { recursive: true });
  return !wrong;
}

/** Says what has failed, and how to see it again. @returns whether anything has */
function complain(outcome: Outcome): boolean {
  const { rows, failed } = outcome;
  for (const { kind, violations, journal, replay } of failed) {
    say(`\n${kind}: ${violations.length} violations, journal ${journal}\n  again: ${replay}`);
    for (const { check, what } of violations.slice(0, 10)) say(`  ${check}: ${what}`);
  }
  const uncaught = rows.filter((row) => !controlsHold({ ...outcome, rows: [row] }));
  for (const { kind } of uncaught) say(`${kind}: the control was not as expected`);
  return failed.length > 0 || uncaught.length > 0;
}

let stopped = false;
// The rounds that are being played come to their end, and what was found so far is kept; a second one ends it at once.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    stopped = true;
    say("it ends after the rounds that are being played");
  });
}
// Hours unattended are not to end with something that nobody was waiting for any more: the checks judge what came of it.
process.on("unhandledRejection", (error) => say(`nobody waited for: ${String(error)}`));
process.on("uncaughtException", (error) => say(`nobody waited for: ${String(error)}`));

const options = read();
if (options === undefined) process.exitCode = 2;
else if (!(await run(options))) process.exitCode = 1;
