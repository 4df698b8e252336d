import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Options } from "./options.ts";
import type { Outcome, Played } from "./outcome.ts";
import { textOf } from "./table.ts";

export interface ReportOptions {
  readonly file: string;
  readonly options: Options;
  readonly about: Readonly<Record<string, string>>;
  readonly began: Date;
  /** Whether there is more to come. */
  readonly underWay: boolean;
}

/** Writes what became of a campaign as a page, and beside it everything as JSON. Neither is ever seen half-written. */
export function writeReport(outcome: Outcome, { file, options, about, began, underWay }: ReportOptions): void {
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  const minutes = Math.round((Date.now() - began.getTime()) / 6_000) / 10;
  const facts = { ...about, postgresql: outcome.postgres, began: began.toISOString(), minutes: String(minutes) };
  const { seed, injections, total, atOnce } = options;
  const settings = { seed, injections, total, atOnce, kinds: outcome.rows.map(({ kind }) => kind) };
  const content = {
    ...facts,
    underWay,
    settings,
    command: commandOf(options),
    ...outcome,
    rounds: outcome.rounds.map(shown),
  };
  replace(file.replace(/\.md$/, ".json"), `${JSON.stringify(content, null, 1)}\n`);
  replace(file, `${page(outcome, facts, options, underWay).join("\n")}\n`);
}

/** Where a journal was is of no use to whoever reads the report. */
function shown(round: Played): Partial<Played> {
  return Object.fromEntries(Object.entries(round).filter(([name]) => name !== "journal"));
}

function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

/** The command that plays it again. */
export function commandOf({ seed, total, rounds, injections, atOnce, controls }: Options): string {
  const length = total === undefined ? `--rounds ${rounds}` : `--total ${total}`;
  return `npm run faults -- ${length} --injections ${injections} --at-once ${atOnce} --seed ${seed}${controls ? "" : " --no-controls"}`;
}

function page(
  outcome: Outcome,
  facts: Readonly<Record<string, string>>,
  options: Options,
  underWay: boolean,
): string[] {
  const { rows, failed, rounds } = outcome;
  const sum = (field: "injections" | "operations" | "acknowledged" | "unknown" | "violations"): number =>
    rows.reduce((total, row) => total + row[field], 0);
  const played = rows.filter(({ control }) => control.asExpected !== undefined);
  const held = played.filter(({ control, careless }) => control.asExpected === true && careless?.asExpected !== false);
  const kindLines = rows.map((row) =>
    cells([
      `\`${row.kind}\``,
      ...(row.skipped === undefined
        ? [row.rounds, row.injections, row.operations, row.acknowledged, row.unknown, row.violations]
        : [`skipped: ${row.skipped}`, "", "", "", "", ""]),
      textOf(row.control) + (row.careless === undefined ? "" : `; careless settings: ${textOf(row.careless)}`),
    ]),
  );
  const all = cells([
    "all",
    rounds.filter(({ manner }) => manner === "service").length,
    sum("injections"),
    sum("operations"),
    sum("acknowledged"),
    sum("unknown"),
    `**${sum("violations")}**`,
    "",
  ]);
  return [
    `# Faults: ${sum("injections")} injections, ${sum("violations")} violations`,
    "",
    ...(underWay ? ["This is still being played.", ""] : []),
    `${sum("operations")} operations were asked for, ${sum("acknowledged")} acknowledged, and ${sum("unknown")} attempts left without an answer at first.`,
    `${held.length} of ${played.length} controls were as expected: a naive consume under the same faults is caught, and without a fault it is not.`,
    "What each kind does, what is checked and what a control is: [Inject faults](../how-to/inject-faults.md).",
    "",
    "| | |",
    "|---|---|",
    ...Object.entries(facts).map(([name, value]) => cells([name, value])),
    cells(["again", `\`${commandOf(options)}\``]),
    "",
    "| kind | rounds | injections | operations | acknowledged | unknown | violations | control |",
    "|---|---:|---:|---:|---:|---:|---:|---|",
    ...kindLines,
    all,
    "",
    "## Violations",
    "",
    ...(failed.length === 0 ? ["None."] : failed.flatMap(failure)),
    "",
    "## Rounds",
    "",
    "A round is played again by its seed: `npm run faults -- --kind KIND --seed SEED --injections INJECTIONS`.",
    "",
    "| kind | seed | injections | operations | unknown | violations | seconds |",
    "|---|---:|---:|---:|---:|---:|---:|",
    ...rounds.filter(({ manner }) => manner === "service").map(roundLine),
  ];
}

function roundLine({ kind, seed, injections, operations, unknown, violations, seconds }: Played): string {
  return cells([kind, seed, injections, operations, unknown, violations.length, seconds]);
}

function failure({ kind, seed, violations, replay }: Played): string[] {
  const some = violations.slice(0, 20).map(({ check, what }) => `- ${check}: ${what.replaceAll(/\s+/g, " ")}`);
  return [`### ${kind}, seed ${seed}`, "", `\`${replay}\``, "", ...some, ""];
}

function cells(values: readonly (string | number)[]): string {
  return `| ${values.map((value) => String(value).replaceAll("|", "\\|")).join(" | ")} |`;
}
