import type { Command } from "commander";
import type { Connect } from "./approvals.ts";
import { table } from "./output.ts";
import type { Run } from "./tokens.ts";

/** The emergency stop (GRANT-9). */
export function addHoldCommands(program: Command, run: Run, connect: Connect): void {
  const hold = program.command("hold").description("holds: the emergency stop");
  hold
    .command("place")
    .description("stop all consumption: everywhere, or in one environment")
    .requiredOption("--reason <text>")
    .option("--environment <name>", "everything if absent")
    .action((options: { reason: string; environment?: string }) =>
      run(async () => {
        const value = await connect("operator").client.placeHold(options);
        return { value, text: `${value.id} stands against ${value.environment ?? "everything"}` };
      }),
    );
  hold
    .command("lift")
    .argument("<id>")
    .option("--reason <text>")
    .action((id: string, options: { reason?: string }) =>
      run(async () => {
        const value = await connect("operator").client.liftHold(id, options);
        return { value, text: `${id} is ${value.status}` };
      }),
    );
  hold
    .command("list")
    .option("--status <status>", "standing or lifted")
    .option("--environment <name>", "what stands against it")
    .option("--limit <n>")
    .option("--cursor <cursor>")
    .action((query: Record<string, string>) =>
      run(async () => {
        const value = await connect("operator").client.listHolds(query);
        const rows = value.items.map((one) => [
          one.id,
          one.environment ?? "everything",
          one.status,
          one.placed_by,
          one.placed_at,
          one.reason,
        ]);
        return { value, text: table(["hold", "stops", "status", "placed by", "at", "reason"], rows) };
      }),
    );
}
