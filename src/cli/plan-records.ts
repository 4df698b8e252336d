import type { Command } from "commander";
import type { Client } from "../client/index.ts";
import type { Connect } from "./approvals.ts";
import { fields } from "./output.ts";
import { listed, withPaging } from "./pages.ts";
import { digestOf, stepNumber } from "./plan-steps.ts";
import { said } from "./terminal.ts";
import type { Run } from "./tokens.ts";
import { UsageError } from "./usage.ts";

type ApprovalInput = Parameters<Client["plans"]["approve"]>[0];

interface ApproveOptions {
  readonly act: string;
  readonly rehearsal?: string;
  readonly ttl?: string;
  readonly executor?: string;
  readonly digest?: string;
  readonly reason: string;
}

/** Approvals of sovereigns, each for one act on one step (PLAN-2). */
export function addPlanRecordCommands(plan: Command, run: Run, connect: Connect): void {
  addApprove(plan, run, connect);
  addApprovalCommands(plan, run, connect);
}

function addApprove(plan: Command, run: Run, connect: Connect): void {
  plan
    .command("approve")
    .description("approve one act on exactly one step, once (M-1)")
    .argument("<plan>")
    .argument("<revision>")
    .argument("<step>", "its number", stepNumber)
    .requiredOption("--act <act>", "commit or rollback")
    .requiredOption("--reason <text>", "why; it is on record")
    .option("--rehearsal <ref>", "the rehearsal that was reviewed; required where the act writes")
    .option("--ttl <seconds>", "how long it lives")
    .option("--executor <principal>", "who alone may use it")
    .option("--digest <digest>", "approve only if the revision has this digest: the one that you reviewed")
    .action((id: string, revision: string, step: number, options: ApproveOptions) =>
      run(async () => {
        const asked = approvalOf(options);
        const connection = connect("sovereign");
        const plan_digest = await digestOf(connection, id, revision, options.digest);
        const value = await connection.client.plans.approve({ plan_id: id, revision, step, plan_digest, ...asked });
        const { approval_code, status, expires_at } = value;
        const text = fields({ approval_code, status, act: value.act, step, plan_digest, expires_at });
        return {
          value,
          text: status === "draft" ? `${text}\n\n${said`sign it: countersign plan sign ${approval_code}`}` : text,
        };
      }),
    );
}

/** @throws UsageError */
function approvalOf(options: ApproveOptions): Pick<ApprovalInput, "act" | "reason"> {
  const { act, reason, rehearsal, ttl, executor } = options;
  if (act !== "commit" && act !== "rollback") throw new UsageError("--act is commit or rollback");
  if (ttl !== undefined && !/^[1-9]\d{0,8}$/.test(ttl)) throw new UsageError("--ttl is a number of seconds");
  return {
    act,
    reason,
    ...(rehearsal === undefined ? {} : { rehearsal_ref: rehearsal }),
    ...(ttl === undefined ? {} : { ttl_seconds: Number(ttl) }),
    ...(executor === undefined ? {} : { executor }),
  };
}

function addApprovalCommands(plan: Command, run: Run, connect: Connect): void {
  withPaging(
    plan
      .command("approvals")
      .description("M-1 records, newest first")
      .option("--plan <plan>", "those of this plan alone")
      .option("--revision <revision>", "of this revision alone")
      .option("--status <status>", "draft, active, consumed, revoked or expired"),
  ).action(({ plan: id, ...query }: Record<string, string>) =>
    run(() =>
      listed(
        { ...query, plan_id: id },
        (page) => connect("operator").client.plans.listApprovals(page),
        ["approval", "plan", "revision", "step", "act", "status", "expires at"],
        (one) => [one.approval_code, one.plan_id, one.revision, one.step, one.act, one.status, one.expires_at],
      ),
    ),
  );
  plan
    .command("approval")
    .description("one approval, with its signature")
    .argument("<approval_code>")
    .action((code: string) =>
      run(async () => {
        const value = await connect("operator").client.plans.readApproval(code);
        return { value, text: fields(value) };
      }),
    );
  plan
    .command("revoke")
    .description("take an approval back, or end the run of one that is used")
    .argument("<approval_code>")
    .requiredOption("--reason <text>", "why; it is on record")
    .option("--running <choice>", "of a used approval: stop its run at the next state boundary, or compensate it")
    .action((code: string, options: { reason: string; running?: string }) =>
      run(async () => {
        const { reason } = options;
        const running = runningOf(options.running);
        const value = await connect("sovereign").client.plans.revokeApproval(code, { reason, ...running });
        const text = value.status === "consumed" && running !== undefined ? `its run is to ${running.running}` : reason;
        return { value, text: said`${code} is ${value.status}: ${text}` };
      }),
    );
}

/** @throws UsageError */
function runningOf(choice: string | undefined): { readonly running: "stop" | "compensate" } | undefined {
  if (choice === undefined) return undefined;
  if (choice !== "stop" && choice !== "compensate") throw new UsageError("--running is stop or compensate");
  return { running: choice };
}
