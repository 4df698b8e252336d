import type { Command } from "commander";
import type { Client } from "../client/index.ts";
import type { Connect } from "./approvals.ts";
import { UsageError } from "./connection.ts";
import { fields, table } from "./output.ts";
import type { Run } from "./tokens.ts";

type DecisionInput = Parameters<Client["lifecycle"]["recordDecision"]>[0];

interface RecordOptions {
  readonly kind: string;
  readonly decision: string;
  readonly subject: readonly string[];
  readonly reason: string;
  readonly documentDigest?: string;
  readonly database?: string;
}

/** What the council decides of units: which transition, for which addresses (LIFE-1, LIFE-6). */
export function addDecisionCommands(program: Command, run: Run, connect: Connect): void {
  const decision = program.command("decision").description("review decisions of the council, one transition each");
  decision
    .command("record")
    .requiredOption("--kind <kind>", "enactment, supersession, retirement or amendment")
    .requiredOption("--decision <decision>", "approve or reject")
    .option("--subject <address>", "a unit, or a prefix that ends in /*; again for each", appended, [])
    .requiredOption("--reason <text>")
    .option("--document-digest <digest>", "of the document that holds the decision")
    .option("--database <name>", "the target database; default if absent")
    .action((options: RecordOptions) =>
      run(async () => {
        const value = await connect("council_1").client.lifecycle.recordDecision(inputOf(options));
        return { value, text: fields(value) };
      }),
    );
  decision
    .command("list")
    .option("--kind <kind>")
    .option("--database <name>")
    .option("--limit <n>")
    .option("--cursor <cursor>")
    .action(({ kind, ...query }: Record<string, string>) =>
      run(async () => {
        const value = await connect("operator").client.lifecycle.listDecisions({ ...query, decision_kind: kind });
        const rows = value.items.map((one) => [
          one.decision_id,
          one.database,
          one.decision_kind,
          one.decision,
          one.subjects.join(" "),
          one.decided_by,
          one.decided_at,
          one.carried_at ?? "on its way",
        ]);
        const columns = ["decision", "database", "kind", "is", "subjects", "by", "at", "in the target since"];
        const text = table(columns, rows);
        return { value, text: value.next_cursor ? `${text}\nmore: --cursor ${value.next_cursor}` : text };
      }),
    );
  decision
    .command("show")
    .argument("<decision_id>")
    .action((id: string) =>
      run(async () => {
        const value = await connect("operator").client.lifecycle.readDecision(id);
        return { value, text: fields(value) };
      }),
    );
}

/** The service is the judge of addresses. @throws UsageError for a word that is none of the choices */
function inputOf({ kind, decision, subject, reason, documentDigest, database }: RecordOptions): DecisionInput {
  if (!["enactment", "supersession", "retirement", "amendment"].includes(kind))
    throw new UsageError("--kind is enactment, supersession, retirement or amendment");
  if (decision !== "approve" && decision !== "reject") throw new UsageError("--decision is approve or reject");
  if (subject.length === 0)
    throw new UsageError("--subject is what it is about: an address, or a prefix that ends in /*");
  return {
    decision_kind: kind as DecisionInput["decision_kind"],
    decision,
    subjects: [...subject],
    reason,
    ...(documentDigest === undefined ? {} : { document_digest: documentDigest }),
    ...(database === undefined ? {} : { database }),
  };
}

/** For an option that may be given more than once. */
export function appended(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}
