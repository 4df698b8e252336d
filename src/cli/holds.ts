import type { Command } from "commander";
import type { Connect } from "./approvals.ts";
import { fields } from "./output.ts";
import { listed, withPaging } from "./pages.ts";
import { said } from "./terminal.ts";
import type { Run } from "./tokens.ts";

/** The emergency stop (GRANT-9). */
export function addHoldCommands(program: Command, run: Run, connect: Connect): void {
  const hold = program.command("hold").description("holds: the emergency stop");
  hold
    .command("place")
    .description("stop all consumption: everywhere, or in one environment")
    .requiredOption("--reason <text>", "why; it is on record")
    .option("--environment <name>", "everything if absent")
    .action((options: { reason: string; environment?: string }) =>
      run(async () => {
        const value = await connect("operator").client.placeHold(options);
        return { value, text: said`${value.id} stands against ${value.environment ?? "everything"}` };
      }),
    );
  hold
    .command("show")
    .description("one hold")
    .argument("<id>")
    .action((id: string) =>
      run(async () => {
        const value = await connect("operator").client.readHold(id);
        return { value, text: fields(value) };
      }),
    );
  hold
    .command("lift")
    .description("end a hold")
    .argument("<id>")
    .option("--reason <text>", "why; it is on record")
    .action((id: string, options: { reason?: string }) =>
      run(async () => {
        const value = await connect("operator").client.liftHold(id, options);
        return { value, text: said`${id} is ${value.status}` };
      }),
    );
  withPaging(
    hold
      .command("list")
      .description("holds, newest first")
      .option("--status <status>", "standing or lifted")
      .option("--environment <name>", "what stands against it"),
  ).action((query: Record<string, string>) =>
    run(() =>
      listed(
        query,
        (page) => connect("operator").client.listHolds(page),
        ["hold", "stops", "status", "placed by", "at", "reason"],
        (one) => [one.id, one.environment ?? "everything", one.status, one.placed_by, one.placed_at, one.reason],
      ),
    ),
  );
}
