import type { Command } from "commander";
import type { Client } from "../client/index.ts";
import type { Connect } from "./approvals.ts";
import { UsageError } from "./connection.ts";
import { fields } from "./output.ts";
import { listed, withPaging } from "./pages.ts";
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
    .description("put a decision of the council on record")
    .requiredOption("--kind <kind>", "enactment, supersession, retirement or amendment")
    .requiredOption("--decision <decision>", "approve or reject")
    .option("--subject <address>", "a unit, or a prefix that ends in /*; again for each", appended, [])
    .requiredOption("--reason <text>", "why; it is on record")
    .option("--document-digest <digest>", "of the document that holds the decision")
    .option("--database <name>", "the target database; default if absent")
    .action((options: RecordOptions) =>
      run(async () => {
        const value = await connect("council_1").client.lifecycle.recordDecision(inputOf(options));
        return { value, text: fields(value) };
      }),
    );
  withPaging(
    decision
      .command("list")
      .description("decisions, newest first")
      .option("--kind <kind>", "enactment, supersession, retirement or amendment")
      .option("--database <name>", "the target database; default if absent"),
  ).action(({ kind, ...query }: Record<string, string>) =>
    run(() =>
      listed(
        { ...query, decision_kind: kind },
        (page) => connect("operator").client.lifecycle.listDecisions(page),
        ["decision", "database", "kind", "is", "subjects", "by", "at", "in the target since"],
        (one) => [
          one.decision_id,
          one.database,
          one.decision_kind,
          one.decision,
          one.subjects.join(" "),
          one.decided_by,
          one.decided_at,
          one.carried_at ?? "on its way",
        ],
      ),
    ),
  );
  decision
    .command("show")
    .description("one decision")
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
