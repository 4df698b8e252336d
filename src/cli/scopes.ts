import type { Command } from "commander";
import type { Client } from "../client/index.ts";
import type { Connect } from "./approvals.ts";
import { readJson } from "./connection.ts";
import { fields } from "./output.ts";
import { listed, withPaging } from "./pages.ts";
import { said } from "./terminal.ts";
import type { Run } from "./tokens.ts";

/** Where commit-mode grants may be for. */
export function addScopeCommands(program: Command, run: Run, connect: Connect): void {
  const scope = program.command("scope").description("scopes: where commit-mode grants may be for");
  withPaging(
    scope
      .command("list")
      .description("scopes, newest first")
      .option("--status <status>", "active or retired")
      .option("--carrier <carrier>", "of this carrier alone")
      .option("--target <name>", "for this target alone")
      .option("--environment <name>", "for this environment alone"),
  ).action((query: Record<string, string>) =>
    run(() =>
      listed(
        query,
        (page) => connect("admin").client.listScopes(page),
        ["id", "carrier", "namespace", "axis", "target", "environment", "database", "lease", "rehearsal", "status"],
        (one) => [
          one.scope_id,
          one.carrier,
          one.namespace,
          one.axis,
          one.target,
          one.environment,
          one.database,
          one.lease_name,
          one.rehearsal_required,
          one.status,
        ],
      ),
    ),
  );
  scope
    .command("register")
    .description("register a scope, as it stands in a file")
    .requiredOption("-f, --file <json>", "the scope")
    .action((options: { file: string }) =>
      run(async () => {
        // The service is the one judge of what a scope may hold.
        const input = readJson(options.file) as Parameters<Client["registerScope"]>[0];
        const value = await connect("admin").client.registerScope(input);
        return { value, text: fields(value) };
      }),
    );
  scope
    .command("retire")
    .description("end a scope; no more grants are made for it")
    .argument("<scope_id>")
    .action((id: string) =>
      run(async () => {
        const value = await connect("admin").client.retireScope(id);
        return { value, text: said`scope ${id} is ${value.status}` };
      }),
    );
}
