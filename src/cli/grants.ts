import type { Command } from "commander";
import type { Client } from "../client/index.ts";
import type { Connect } from "./approvals.ts";
import { secondsOf, untilItChanges } from "./changes.ts";
import { readJson } from "./connection.ts";
import { fields } from "./output.ts";
import { listed, withPaging } from "./pages.ts";
import { said } from "./terminal.ts";
import type { Run } from "./tokens.ts";

type ConsumeInput = Parameters<Client["consume"]>[1];

// The service is the one judge of what bindings may hold.
const bindingsOf = (file: string) => readJson(file) as Parameters<Client["verify"]>[0];

export function addGrantCommands(program: Command, run: Run, connect: Connect): void {
  const grant = program.command("grant").description("grants: narrow, short-lived, single-use");
  addReads(grant, run, connect, () => program.opts<{ json?: boolean }>().json === true);
  grant
    .command("verify")
    .description("ask whether a grant covers these bindings; changes nothing")
    .argument("[auth_code]", "one grant; any that is live if absent")
    .requiredOption("-f, --file <json>", "the bindings")
    .action((code: string | undefined, options: { file: string }) =>
      run(async () => {
        const value = await connect("executor").client.verify(bindingsOf(options.file), code);
        return { value, text: fields(value) };
      }),
    );
  grant
    .command("consume")
    .description("use a grant up, once")
    .argument("<auth_code>")
    .requiredOption("-f, --file <json>", "the bindings")
    .requiredOption("--root <root>", "idempotency_root: names the run")
    .option("--lease <name>", "take this lease in the same transaction")
    .option("--lease-ttl <seconds>", "how long the lease is held; the service has a default", Number)
    .option("--dry-run", "say what would happen")
    .action((code: string, options: ConsumeOptions) =>
      run(async () => {
        const input = { ...bindingsOf(options.file), idempotency_root: options.root, ...leaseOf(options) };
        const value = await connect("executor").client.consume(code, input, { dryRun: options.dryRun });
        return { value, text: fields(value) };
      }),
    );
  grant
    .command("revoke")
    .description("end a grant before it is used, or the run of one that is")
    .argument("<auth_code>")
    .requiredOption("--reason <text>", "why; it is on record")
    .option("--running <choice>", "of a used grant: stop its run at the next state boundary, or compensate it")
    .option("--dry-run", "say what would happen")
    .action((code: string, options: { reason: string; running?: "stop" | "compensate"; dryRun?: boolean }) =>
      run(async () => {
        const { client } = connect("operator");
        const { reason, running, dryRun } = options;
        const input = running === undefined ? { reason } : { reason, running };
        const value = await client.revoke(code, input, { dryRun });
        const text = value.status === "consumed" ? `its run is to ${running}` : (value.revoked_reason ?? "");
        return { value, text: said`${code} is ${value.status}: ${text}` };
      }),
    );
}

interface ConsumeOptions {
  readonly file: string;
  readonly root: string;
  readonly lease?: string;
  readonly leaseTtl?: number;
  readonly dryRun?: boolean;
}

function leaseOf({ lease: name, leaseTtl }: ConsumeOptions): Pick<ConsumeInput, "lease"> {
  if (name === undefined) return {};
  return { lease: { name, ...(leaseTtl === undefined ? {} : { ttl_seconds: leaseTtl }) } };
}

function addReads(grant: Command, run: Run, connect: Connect, json: () => boolean): void {
  const list = grant
    .command("list")
    .description("grants, newest first")
    .option("--status <status>", "draft, active, consumed, revoked or expired")
    .option("--request <apr_code>", "made from this request")
    .option("--target <name>", "for this target alone")
    .option("--environment <name>", "for this environment alone")
    .option("--executor <principal>", "for this executor alone")
    .option("--search <words>", "beginnings of words of its request")
    .option("--plan <plan>", "of this plan alone");
  withPaging(list).action(({ request, search, plan, ...query }: Record<string, string>) =>
    run(() =>
      listed(
        { ...query, request_ref: request, q: search, plan_id: plan },
        (page) => connect("operator").client.listGrants(page),
        ["grant", "status", "mode", "executor", "expires at"],
        (one) => [one.auth_code, one.status, one.mode, one.bindings.executor, one.expires_at],
      ),
    ),
  );
  grant
    .command("show")
    .description("one grant with its bindings")
    .argument("<auth_code>")
    .option("--watch", "until its status changes")
    .option("--interval <seconds>", "how often to look", secondsOf, 2)
    .action((code: string, { watch, interval }: { watch?: boolean; interval: number }) =>
      run(async () => {
        const { client } = connect("operator");
        if (watch !== true) {
          const value = await client.readGrant(code);
          return { value, text: fields(value) };
        }
        return untilItChanges({
          read: (signal) => client.readGrant(code, { signal }),
          isFinal: (status) => status !== "draft" && status !== "active",
          whole: fields,
          line: (value) => said`${code} is ${value.status}, expires at ${value.expires_at}`,
          json: json(),
          everySeconds: interval,
          again: `countersign grant show ${code} --watch`,
        });
      }),
    );
}
