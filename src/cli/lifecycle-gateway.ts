import type { Command } from "commander";
import type { Connect } from "./approvals.ts";
import { UsageError } from "./connection.ts";
import { fields, plain, table } from "./output.ts";
import { listed, withPaging } from "./pages.ts";
import type { Run } from "./tokens.ts";

interface TakeOptions {
  readonly digest: string;
  readonly reason: string;
  readonly database?: string;
  readonly acceptBody?: readonly string[];
}

/** The gateway as it was accepted, what differs from it, and what has happened (OPEN-10). */
export function addGatewayCommands(lifecycle: Command, run: Run, connect: Connect): void {
  addBaselines(lifecycle, run, connect);
  addWatch(lifecycle, run, connect);
  addIncidents(lifecycle, run, connect);
}

function addBaselines(lifecycle: Command, run: Run, connect: Connect): void {
  const baseline = lifecycle.command("baseline").description("the gateway as it was accepted");
  baseline
    .command("take")
    .description("accept the gateway as it is now, if it is the one that you reviewed")
    .requiredOption("--digest <digest>", "gateway_digest of the verification that you reviewed")
    .requiredOption("--reason <text>", "why; it is on record")
    .option("--database <name>", "the target database; default if absent")
    .option(
      "--accept-body <signature=md5...>",
      "a body of another base that you have read, as the verification names it",
    )
    .action(({ digest, reason, database, acceptBody = [] }: TakeOptions) =>
      run(async () => {
        const bodies = Object.fromEntries(
          acceptBody.map((one) => [one.slice(0, one.lastIndexOf("=")), one.slice(one.lastIndexOf("=") + 1)]),
        );
        const input = {
          gateway_digest: digest,
          reason,
          ...(database !== undefined && { database }),
          ...(acceptBody.length > 0 && { accepted_bodies: bodies }),
        };
        const value = await connect("sovereign").client.lifecycle.takeBaseline(input);
        return { value, text: fields(value) };
      }),
    );
  withPaging(
    baseline
      .command("list")
      .description("gateways that were accepted, newest first")
      .option("--database <name>", "the target database; default if absent"),
  ).action((query: Record<string, string>) =>
    run(() =>
      listed(
        query,
        (page) => connect("operator").client.lifecycle.listBaselines(page),
        ["baseline", "database", "objects", "by", "at", "digest", "reason"],
        (one) => [
          one.baseline_id,
          one.database,
          one.objects,
          one.taken_by,
          one.taken_at,
          one.gateway_digest,
          one.reason,
        ],
      ),
    ),
  );
}

function addWatch(lifecycle: Command, run: Run, connect: Connect): void {
  lifecycle
    .command("watch")
    .description("compare the gateway with the accepted one, now; exit 1 where it differs or an incident was opened")
    .option("--database <name>", "the target database; default if absent")
    .action((options: { database?: string }) =>
      run(async () => {
        const value = await connect("operator").client.lifecycle.watch(options.database);
        const { differences, detector, consistency, ...rest } = value;
        const rows = differences.map(({ object, aspect, expected, found }) => [
          object,
          aspect,
          JSON.stringify(expected),
          JSON.stringify(found),
        ]);
        const head = fields({
          ...rest,
          detector: detector.state,
          refused_since: detector.refused_since,
          contradictions: consistency.compared ? consistency.contradictions : "not compared",
        });
        const text = `${head}\n\n${table(["differs", "in", "accepted", "found"], rows)}`;
        return { value, text, code: differences.length + value.opened.length === 0 ? 0 : 1 };
      }),
    );
}

function addIncidents(lifecycle: Command, run: Run, connect: Connect): void {
  withPaging(
    lifecycle
      .command("incidents")
      .description("what the watch has found, newest first")
      .option("--status <status>", "open or resolved")
      .option("--kind <kind>", "gateway_changed, direct_write_refused or log_contradicted")
      .option("--database <name>", "the target database; default if absent"),
  ).action((query: Record<string, string>) =>
    run(() =>
      listed(
        query,
        (page) => connect("operator").client.lifecycle.listIncidents(page),
        ["incident", "at", "status", "kind", "subject", "detail", "resolved"],
        (one) => [
          one.incident_id,
          one.opened_at,
          one.status,
          one.kind,
          one.subject,
          JSON.stringify(one.detail),
          one.resolved_reason,
        ],
      ),
    ),
  );
  lifecycle
    .command("resolve")
    .description("say that an incident was dealt with, and how")
    .argument("<incident>", "its number", incidentNumber)
    .requiredOption("--reason <text>", "why; it is on record")
    .action((id: number, { reason }: { reason: string }) =>
      run(async () => {
        const value = await connect("operator").client.lifecycle.resolveIncident(id, reason);
        return { value, text: `incident ${id} is ${value.status}: ${plain(value.resolved_reason)}` };
      }),
    );
}

/** @throws UsageError */
function incidentNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new UsageError(`${text} is not the number of an incident`);
  return Number(text);
}
