import type { Command } from "commander";
import type { Client } from "../client/index.ts";
import type { Connect } from "./approvals.ts";
import { type Cell, fields, table } from "./output.ts";
import { save } from "./saved.ts";
import type { Run } from "./tokens.ts";

type Report = Awaited<ReturnType<Client["lifecycle"]["verification"]>>;
type CloseOut = Awaited<ReturnType<Client["lifecycle"]["closeOut"]>>;

/** Whether the gateway is as it must be, and what a run has left (LIFE-5, LIFE-6): for people, as a page, or as JSON. */
export function addReportCommands(lifecycle: Command, run: Run, connect: Connect): void {
  addVerify(lifecycle, run, connect);
  addCloseOut(lifecycle, run, connect);
}

function addVerify(lifecycle: Command, run: Run, connect: Connect): void {
  lifecycle
    .command("verify")
    .description("every probe of the gateway, with what was expected and found; exit 1 where one fails")
    .option("--database <name>", "the target database; default if absent")
    .option("--html <file>", "also write the report as a page")
    .action((options: { database?: string; html?: string }) =>
      run(async () => {
        const { lifecycle: calls } = connect("operator").client;
        const value = await calls.verification(options.database);
        if (options.html !== undefined) save(options.html, await calls.verificationPage(options.database));
        return { value, text: shownReport(value), code: value.passed ? 0 : 1 };
      }),
    );
}

function shownReport(report: Report): string {
  const { database, taken_at, digest, gateway_digest, passed, acceptable, bodies_to_name } = report;
  const parts = partsOf(report);
  const counts = parts.map(({ name, rows }) => [name, rows.filter((row) => row.passed).length, rows.length]);
  const failed = parts.flatMap(({ rows }) => rows.filter((row) => !row.passed).map((row) => row.cells));
  const head = `${fields({ database, taken_at, digest, gateway_digest, passed, acceptable, ...(Object.keys(bodies_to_name).length > 0 && { bodies_to_name: JSON.stringify(bodies_to_name) }) })}\n\n${table(["part", "passed", "of"], counts)}`;
  return failed.length === 0 ? head : `${head}\n\n${table(["failed", "what", "expected", "found"], failed)}`;
}

interface Row {
  readonly passed: boolean;
  readonly cells: readonly Cell[];
}

function partsOf(report: Report): { readonly name: string; readonly rows: readonly Row[] }[] {
  const { existence, behaviour, roles, fingerprints, backlog, consistency } = report;
  const checks = (all: typeof existence.probes): Row[] =>
    all.map(({ id, title, expected, found, passed }) => ({
      passed,
      cells: [id, title, JSON.stringify(expected), JSON.stringify(found)],
    }));
  const counts = behaviour.row_counts.map(({ table: name, before, after }) => ({
    passed: before === after,
    cells: [name, "rows are as before the probes", before, after],
  }));
  const cells = roles.cells.map(({ role, object, privilege, expected, found, passed }) => ({
    passed,
    cells: [role, `${privilege} on ${object}`, expected, found],
  }));
  const line = `${consistency.units} units and ${consistency.versions} versions against ${consistency.log_rows} lines of the log`;
  return [
    { name: "existence", rows: checks(existence.probes) },
    { name: "behaviour", rows: [...checks(behaviour.probes), ...counts] },
    { name: "roles", rows: [...cells, ...checks(roles.posture)] },
    { name: "fingerprints", rows: checks([...fingerprints.schema, ...fingerprints.data]) },
    // Before the backlog is rolled out, nothing of it can fail.
    { name: "backlog", rows: backlog.installed ? checks(backlog.probes) : [] },
    {
      name: "consistency",
      rows: [
        { passed: consistency.passed, cells: ["consistency", line, 0, `${consistency.contradictions} contradictions`] },
      ],
    },
  ];
}

function addCloseOut(lifecycle: Command, run: Run, connect: Connect): void {
  lifecycle
    .command("close-out")
    .description("what a finished run was allowed to do, has done and has left; exit 1 where the target says otherwise")
    .argument("<root>")
    .option("--html <file>", "also write the report as a page")
    .action((root: string, options: { html?: string }) =>
      run(async () => {
        const { lifecycle: calls } = connect("auditor").client;
        const value = await calls.closeOut(root);
        if (options.html !== undefined) save(options.html, await calls.closeOutPage(root));
        return { value, text: shownCloseOut(value), code: value.passed ? 0 : 1 };
      }),
    );
}

function shownCloseOut(value: CloseOut): string {
  const { approval, gateway: _, counts: found, units: moved, log: __, row_counts: ___, ...run } = value;
  const { decisions, voters, ...approved } = approval;
  const head = fields({
    ...run,
    ...approved,
    voters: voters.join(" "),
    decisions: decisions.map((one) => `${one.of} ${one.decision_id}`).join(" "),
  });
  const counts = found.map((one) => [one.name, one.expected, one.found, one.passed]);
  const units = moved.map((one) => [
    one.canonical_address,
    one.unit_status,
    one.version_status,
    one.log_ids.join(" "),
    one.since,
    one.passed,
  ]);
  const counted = table(["what", "expected", "found", "passed"], counts);
  return `${head}\n\n${counted}\n\n${table(["address", "unit", "version", "log", "since", "passed"], units)}`;
}
