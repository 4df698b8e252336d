import type { Command } from "commander";
import type { Client } from "../client/index.ts";
import type { Connect } from "./approvals.ts";
import { readJson } from "./connection.ts";
import { fields, table } from "./output.ts";
import type { Run } from "./tokens.ts";

// The service is the one judge of what bindings may hold.
const bindingsOf = (file: string) => readJson(file) as Parameters<Client["verify"]>[0];

export function addGrantCommands(program: Command, run: Run, connect: Connect): void {
  const grant = program.command("grant").description("grants: narrow, short-lived, single-use");
  grant
    .command("list")
    .option("--status <status>")
    .option("--limit <n>")
    .option("--cursor <cursor>")
    .action((query: Record<string, string>) =>
      run(async () => {
        const value = await connect("operator").client.listGrants(query);
        const rows = value.items.map((one) => [
          one.auth_code,
          one.status,
          one.mode,
          one.bindings.executor,
          one.expires_at,
        ]);
        return { value, text: table(["grant", "status", "mode", "executor", "expires at"], rows) };
      }),
    );
  grant
    .command("show")
    .argument("<auth_code>")
    .action((code: string) =>
      run(async () => {
        const value = await connect("operator").client.readGrant(code);
        return { value, text: fields(value) };
      }),
    );
  grant
    .command("verify")
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
    .argument("<auth_code>")
    .requiredOption("-f, --file <json>", "the bindings")
    .requiredOption("--root <root>", "idempotency_root: names the run")
    .option("--lease <name>", "take this lease in the same transaction")
    .option("--dry-run", "say what would happen")
    .action((code: string, options: { file: string; root: string; lease?: string; dryRun?: boolean }) =>
      run(async () => {
        const lease = options.lease === undefined ? {} : { lease: { name: options.lease } };
        const input = { ...bindingsOf(options.file), idempotency_root: options.root, ...lease };
        const value = await connect("executor").client.consume(code, input, { dryRun: options.dryRun });
        return { value, text: fields(value) };
      }),
    );
  grant
    .command("revoke")
    .argument("<auth_code>")
    .requiredOption("--reason <text>")
    .option("--running <choice>", "of a used grant: stop its run at the next state boundary, or compensate it")
    .option("--dry-run", "say what would happen")
    .action((code: string, options: { reason: string; running?: "stop" | "compensate"; dryRun?: boolean }) =>
      run(async () => {
        const { client } = connect("operator");
        const { reason, running, dryRun } = options;
        const input = running === undefined ? { reason } : { reason, running };
        const value = await client.revoke(code, input, { dryRun });
        const text = value.status === "consumed" ? `its run is to ${running}` : (value.revoked_reason ?? "");
        return { value, text: `${code} is ${value.status}: ${text}` };
      }),
    );
}
