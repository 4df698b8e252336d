import type { Command } from "commander";
import type { Client } from "../client/index.ts";
import type { Connect } from "./approvals.ts";
import { readJson } from "./connection.ts";
import { fields, table } from "./output.ts";
import type { Run } from "./tokens.ts";

/** Where commit-mode grants may be for. */
export function addScopeCommands(program: Command, run: Run, connect: Connect): void {
  const scope = program.command("scope").description("scopes: where commit-mode grants may be for");
  scope
    .command("list")
    .option("--status <status>")
    .option("--limit <n>")
    .option("--cursor <cursor>")
    .action((query: Record<string, string>) =>
      run(async () => {
        const value = await connect("admin").client.listScopes(query);
        const rows = value.items.map((one) => [
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
        ]);
        const columns = [
          "id",
          "carrier",
          "namespace",
          "axis",
          "target",
          "environment",
          "database",
          "lease",
          "rehearsal",
          "status",
        ];
        return { value, text: table(columns, rows) };
      }),
    );
  scope
    .command("register")
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
    .argument("<scope_id>")
    .action((id: string) =>
      run(async () => {
        const value = await connect("admin").client.retireScope(id);
        return { value, text: `scope ${id} is ${value.status}` };
      }),
    );
}
