import type { Command } from "commander";
import type { Connect } from "./approvals.ts";
import { fields } from "./output.ts";
import type { Run } from "./tokens.ts";

/** What a rehearsal has shown, by the reference that a request names (OPEN-1). */
export function addRehearsalCommands(program: Command, run: Run, connect: Connect): void {
  const rehearsal = program.command("rehearsal").description("rehearsals, by their references");
  rehearsal
    .command("show")
    .description("what was rehearsed, and what it would have changed")
    .argument("<rehearsal_ref>")
    .action((ref: string) =>
      run(async () => {
        const value = await connect("auditor").client.readRehearsal(ref);
        return { value, text: fields(value) };
      }),
    );
}
