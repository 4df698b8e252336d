import type { Command } from "commander";
import type { Connect } from "./approvals.ts";
import { fields } from "./output.ts";
import { listed, withPaging } from "./pages.ts";
import { digestOf, stepNumber } from "./plan-steps.ts";
import type { Run } from "./tokens.ts";
import { UsageError } from "./usage.ts";

interface CouncilOptions {
  readonly kind: string;
  readonly decision: string;
  readonly documentDigest?: string;
  readonly digest?: string;
}

/** Decisions of the council on single steps (C-1, C-2). */
export function addCouncilCommands(plan: Command, run: Run, connect: Connect): void {
  plan
    .command("council")
    .description("put a decision of the council on one step on record (C-1, C-2)")
    .argument("<plan>")
    .argument("<revision>")
    .argument("<step>", "its number", stepNumber)
    .requiredOption("--kind <kind>", "C-1 or C-2")
    .requiredOption("--decision <text>", "what was decided, in words")
    .option("--document-digest <digest>", "of the document that holds the decision")
    .option("--digest <digest>", "only if the revision has this digest: the one that you reviewed")
    .action((id: string, revision: string, step: number, options: CouncilOptions) =>
      run(async () => {
        const { kind, decision, documentDigest } = options;
        if (kind !== "C-1" && kind !== "C-2") throw new UsageError("--kind is C-1 or C-2");
        const connection = connect("council_1");
        const plan_digest = await digestOf(connection, id, revision, options.digest);
        const also = documentDigest === undefined ? {} : { document_digest: documentDigest };
        const value = await connection.client.plans.recordCouncil({
          kind,
          plan_id: id,
          revision,
          step,
          plan_digest,
          decision,
          ...also,
        });
        return { value, text: fields(value) };
      }),
    );
  withPaging(
    plan
      .command("council-records")
      .description("decisions of the council on steps, newest first")
      .option("--plan <plan>", "those of this plan alone")
      .option("--revision <revision>", "of this revision alone"),
  ).action(({ plan: id, ...query }: Record<string, string>) =>
    run(() =>
      listed(
        { ...query, plan_id: id },
        (page) => connect("operator").client.plans.listCouncilRecords(page),
        ["record", "kind", "plan", "revision", "step", "status", "by", "at"],
        (one) => [
          one.record_code,
          one.kind,
          one.plan_id,
          one.revision,
          one.step,
          one.revoked_at === null ? "live" : "revoked",
          one.recorded_by,
          one.recorded_at,
        ],
      ),
    ),
  );
  plan
    .command("revoke-council")
    .description("take a decision of the council back")
    .argument("<record_code>")
    .requiredOption("--reason <text>", "why; it is on record")
    .action((code: string, options: { reason: string }) =>
      run(async () => {
        const value = await connect("council_1").client.plans.revokeCouncilRecord(code, options);
        return { value, text: fields(value) };
      }),
    );
}
