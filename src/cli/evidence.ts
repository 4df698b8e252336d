import type { Command } from "commander";
import type { Client } from "../client/index.ts";
import type { Connect } from "./approvals.ts";
import { save } from "./saved.ts";
import { said } from "./terminal.ts";
import type { Run } from "./tokens.ts";

interface EvidenceOptions {
  readonly output?: string;
  readonly page?: boolean;
}

/** The evidence of a grant or a run, to be checked off-line (OPEN-5). */
export function addEvidenceCommands(program: Command, run: Run, connect: Connect): void {
  const kinds = [
    { of: "grant", argument: "<auth_code>", read: (client: Client) => client.grantEvidence.bind(client) },
    { of: "run", argument: "<root>", read: (client: Client) => client.runEvidence.bind(client) },
  ] as const;
  for (const { of, argument, read } of kinds) {
    groupOf(program, of)
      .command("evidence")
      .description("everything that shows what was approved and what became of it, for docs/verify")
      .argument(argument)
      .option("-o, --output <file>", "where to; else to the terminal")
      .option("--page", "as a page to read and print")
      .action((name: string, { output, page }: EvidenceOptions) =>
        run(async () => {
          const text = await read(connect("auditor").client)(name, page === true ? "page" : "file");
          if (output === undefined) return { value: page === true ? text : JSON.parse(text), text, exact: true };
          save(output, text);
          return {
            value: { file: output, bytes: Buffer.byteLength(text) },
            text: said`${output}: the evidence of ${name}`,
          };
        }),
      );
  }
}

function groupOf(program: Command, name: string): Command {
  const group = program.commands.find((command) => command.name() === name);
  if (group === undefined) throw new Error(`there are no commands of ${name}`);
  return group;
}
