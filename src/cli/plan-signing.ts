import type { Command } from "commander";
import { signDetached } from "../client/index.ts";
import { digestOfBytes } from "../kernel/json.ts";
import type { Connect } from "./approvals.ts";
import { fields } from "./output.ts";
import { readKey, writeNew } from "./signing.ts";
import { said } from "./terminal.ts";
import type { Run } from "./tokens.ts";
import { UsageError } from "./usage.ts";

/** The signature that makes a draft of an approval active: made here, or elsewhere and handed in (PLAN-9). */
export function addPlanSigning(plan: Command, run: Run, connect: Connect): void {
  addSign(plan, run, connect);
  plan
    .command("payload")
    .description("the exact bytes that a sovereign signs of an approval")
    .argument("<approval_code>")
    .option("-o, --out <file>", "write them there, for signing elsewhere; must not exist")
    .action((code: string, options: { out?: string }) =>
      run(async () => {
        const payload = await connect("sovereign").client.plans.approvalPayload(code);
        if (options.out !== undefined) writeNew(options.out, payload);
        const value = { payload, payload_digest: digestOfBytes(payload) };
        return { value, text: `${payload}\n${value.payload_digest}` };
      }),
    );
  plan
    .command("esign")
    .description("hand in a signature of an approval that was made elsewhere")
    .argument("<approval_code>")
    .requiredOption("--jws <jws>", "<protected>..<signature>")
    .action((code: string, options: { jws: string }) =>
      run(async () => {
        const value = await connect("sovereign").client.plans.esignApproval(code, options);
        return { value, text: said`${code} is ${value.status}` };
      }),
    );
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
        return { value, text: `${fields(signed)}\n\n${said`${code} is ${value.status}, signed with ${own.kid}`}` };
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
