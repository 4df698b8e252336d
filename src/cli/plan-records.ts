import type { Command } from "commander";
import { type Client, signDetached } from "../client/index.ts";
import { digestOfBytes } from "../kernel/json.ts";
import type { Connect } from "./approvals.ts";
import { UsageError } from "./connection.ts";
import { fields, table } from "./output.ts";
import { readKey } from "./signing.ts";
import type { Run } from "./tokens.ts";

type ApprovalInput = Parameters<Client["plans"]["approve"]>[0];

interface ApproveOptions {
  readonly act: string;
  readonly rehearsal?: string;
  readonly ttl?: string;
  readonly executor?: string;
  readonly digest?: string;
  readonly reason: string;
}

interface CouncilOptions {
  readonly kind: string;
  readonly decision: string;
  readonly documentDigest?: string;
  readonly digest?: string;
}

/** The records that let a step be committed: approvals of sovereigns, decisions of the council (PLAN-2, PLAN-9). */
export function addPlanRecordCommands(plan: Command, run: Run, connect: Connect): void {
  addApprove(plan, run, connect);
  addApprovalCommands(plan, run, connect);
  addSign(plan, run, connect);
  addCouncil(plan, run, connect);
}

function addApprove(plan: Command, run: Run, connect: Connect): void {
  plan
    .command("approve")
    .description("approve one act on exactly one step, once (M-1)")
    .argument("<plan>")
    .argument("<revision>")
    .argument("<step>", "its number", stepNumber)
    .requiredOption("--act <act>", "commit or rollback")
    .requiredOption("--reason <text>")
    .option("--rehearsal <ref>", "the rehearsal that was reviewed; required where the act writes")
    .option("--ttl <seconds>", "how long it lives")
    .option("--executor <principal>", "who alone may use it")
    .option("--digest <digest>", "approve only if the revision has this digest: the one that you reviewed")
    .action((id: string, revision: string, step: number, options: ApproveOptions) =>
      run(async () => {
        const asked = approvalOf(options);
        const { plans } = connect("sovereign").client;
        const plan_digest = await digestOf(plans, id, revision, options.digest);
        const value = await plans.approve({ plan_id: id, revision, step, plan_digest, ...asked });
        const { approval_code, status, expires_at } = value;
        const text = fields({ approval_code, status, act: value.act, step, plan_digest, expires_at });
        return {
          value,
          text: status === "draft" ? `${text}\n\nsign it: countersign plan sign ${approval_code}` : text,
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

/** @param text as it stands on the command line. @throws UsageError when it is no number of a step */
export function stepNumber(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new UsageError(`${text} is not the number of a step`);
  return Number(text);
}

/** Nobody approves one revision and means another. @throws UsageError */
async function digestOf(
  plans: Client["plans"],
  id: string,
  revision: string,
  reviewed: string | undefined,
): Promise<string> {
  const { plan_digest: found } = await plans.read(id, revision);
  if (reviewed === undefined || reviewed === found) return found;
  throw new UsageError(`the revision has the digest ${found}, not the one that you reviewed: nothing was written`);
}

function addApprovalCommands(plan: Command, run: Run, connect: Connect): void {
  plan
    .command("approvals")
    .option("--plan <plan>", "those of this plan alone")
    .option("--revision <revision>")
    .option("--status <status>")
    .option("--limit <n>")
    .option("--cursor <cursor>")
    .action(({ plan: id, ...query }: Record<string, string>) =>
      run(async () => {
        const value = await connect("operator").client.plans.listApprovals({ ...query, plan_id: id });
        const rows = value.items.map((one) => [
          one.approval_code,
          one.plan_id,
          one.revision,
          one.step,
          one.act,
          one.status,
          one.expires_at,
        ]);
        const text = table(["approval", "plan", "revision", "step", "act", "status", "expires at"], rows);
        return { value, text: value.next_cursor ? `${text}\nmore: --cursor ${value.next_cursor}` : text };
      }),
    );
  plan
    .command("revoke")
    .argument("<approval_code>")
    .requiredOption("--reason <text>")
    .option("--running <choice>", "of a used approval: stop its run at the next state boundary, or compensate it")
    .action((code: string, options: { reason: string; running?: string }) =>
      run(async () => {
        const { reason } = options;
        const running = runningOf(options.running);
        const value = await connect("sovereign").client.plans.revokeApproval(code, { reason, ...running });
        const text = value.status === "consumed" && running !== undefined ? `its run is to ${running.running}` : reason;
        return { value, text: `${code} is ${value.status}: ${text}` };
      }),
    );
}

/** @throws UsageError */
function runningOf(choice: string | undefined): { readonly running: "stop" | "compensate" } | undefined {
  if (choice === undefined) return undefined;
  if (choice !== "stop" && choice !== "compensate") throw new UsageError("--running is stop or compensate");
  return { running: choice };
}

function addSign(plan: Command, run: Run, connect: Connect): void {
  plan
    .command("sign")
    .description("sign a draft with a key of one's own: it becomes active")
    .argument("<approval_code>")
    .requiredOption("-k, --key <jwk>", "file with the private JWK; it does not leave this machine")
    .option("--digest <digest>", "sign only if the payload has this digest: the one that you reviewed")
    .action((code: string, options: { key: string; digest?: string }) =>
      run(async () => {
        const own = readKey(options.key);
        const { plans } = connect("sovereign").client;
        const payload = await plans.approvalPayload(code);
        requireMeant(code, payload, options.digest);
        const value = await plans.esignApproval(code, { jws: await signDetached(own, payload) });
        const signed = { ...(JSON.parse(payload) as object), payload_digest: digestOfBytes(payload) };
        return { value, text: `${fields(signed)}\n\n${code} is ${value.status}, signed with ${own.kid}` };
      }),
    );
}

/** Nobody signs one approval and means another. @throws UsageError */
function requireMeant(code: string, payload: string, digest: string | undefined): void {
  const { type, approval_code: found } = JSON.parse(payload) as { type?: unknown; approval_code?: unknown };
  if (type !== "countersign/proposal-signing-payload/v1")
    throw new UsageError("this is no signing payload of an approval");
  if (found !== code) throw new UsageError(`this is the payload of ${String(found)}, not of ${code}`);
  const read = digestOfBytes(payload);
  if (digest !== undefined && digest !== read) {
    throw new UsageError(`the payload has the digest ${read}, not the one that you reviewed: nothing was signed`);
  }
}

function addCouncil(plan: Command, run: Run, connect: Connect): void {
  plan
    .command("council")
    .description("put a decision of the council on one step on record (C-1, C-2)")
    .argument("<plan>")
    .argument("<revision>")
    .argument("<step>", "its number", stepNumber)
    .requiredOption("--kind <kind>", "C-1 or C-2")
    .requiredOption("--decision <text>")
    .option("--document-digest <digest>", "of the document that holds the decision")
    .option("--digest <digest>", "only if the revision has this digest: the one that you reviewed")
    .action((id: string, revision: string, step: number, options: CouncilOptions) =>
      run(async () => {
        const { kind, decision, documentDigest } = options;
        if (kind !== "C-1" && kind !== "C-2") throw new UsageError("--kind is C-1 or C-2");
        const { plans } = connect("council_1").client;
        const plan_digest = await digestOf(plans, id, revision, options.digest);
        const also = documentDigest === undefined ? {} : { document_digest: documentDigest };
        const value = await plans.recordCouncil({ kind, plan_id: id, revision, step, plan_digest, decision, ...also });
        return { value, text: fields(value) };
      }),
    );
  plan
    .command("council-records")
    .option("--plan <plan>", "those of this plan alone")
    .option("--revision <revision>")
    .option("--limit <n>")
    .option("--cursor <cursor>")
    .action(({ plan: id, ...query }: Record<string, string>) =>
      run(async () => {
        const value = await connect("operator").client.plans.listCouncilRecords({ ...query, plan_id: id });
        const rows = value.items.map((one) => [
          one.record_code,
          one.kind,
          one.plan_id,
          one.revision,
          one.step,
          one.revoked_at === null ? "live" : "revoked",
          one.recorded_by,
          one.recorded_at,
        ]);
        const text = table(["record", "kind", "plan", "revision", "step", "status", "by", "at"], rows);
        return { value, text: value.next_cursor ? `${text}\nmore: --cursor ${value.next_cursor}` : text };
      }),
    );
}
