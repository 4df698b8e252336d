import type { Command } from "commander";
import { openDatabases } from "../bootstrap/databases.ts";
import { readConfig } from "../config.ts";
import { migrate } from "../database/index.ts";
import type { Connect } from "./approvals.ts";
import { type Shown, table } from "./output.ts";
import type { Run } from "./tokens.ts";

async function migrateDatabase(): Promise<Shown> {
  const databases = await openDatabases(readConfig(), () => undefined);
  try {
    const applied = await migrate({ ownerUrl: databases.ownerUrl });
    return { value: { applied }, text: applied.length === 0 ? "up to date" : `applied: ${applied.join(", ")}` };
  } finally {
    await databases.stop();
  }
}

export function addOperationCommands(program: Command, run: Run, connect: Connect): void {
  program
    .command("serve")
    .description("start the service, as npm start does")
    .action(async () => {
      await import("../main.ts");
    });
  program
    .command("migrate")
    .description("bring the control database up to date")
    .action(() => run(migrateDatabase));
  program
    .command("doctor")
    .description("find what cannot work, or soon will not; exit 1 when there is an error among it")
    .action(() =>
      run(async () => {
        const value = await connect("operator").client.doctor();
        const rows = value.findings.map((one) => [one.severity, one.code, one.subject, one.detail, one.remedy]);
        const code = value.findings.some((one) => one.severity === "error") ? 1 : 0;
        return { value, code, text: table(["severity", "code", "subject", "detail", "remedy"], rows) };
      }),
    );
}
