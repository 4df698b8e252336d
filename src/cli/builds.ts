import type { Command } from "commander";
import type { Connect } from "./approvals.ts";
import { readJson } from "./connection.ts";
import { fields, table } from "./output.ts";
import type { Run } from "./tokens.ts";

/** What can be run, and the digests of an input. */
export function addBuildCommands(program: Command, run: Run, connect: Connect): void {
  const build = program.command("build").description("builds: what can be run");
  build
    .command("list")
    .description("what can be run, and in which states")
    .action(() =>
      run(async () => {
        const value = await connect("requester").client.listBuilds();
        const rows = value.map((one) => [
          one.build,
          one.target,
          one.lease_name,
          one.states.map(({ name }) => name).join(" "),
        ]);
        return { value, text: table(["build", "target", "lease", "states"], rows) };
      }),
    );
  build
    .command("digests")
    .description("compute what a request for this input is bound to; writes nothing")
    .argument("<build>")
    .argument("<file>", "the input, or a bare manifest")
    .action((name: string, file: string) =>
      run(async () => {
        const content = readJson(file) as Readonly<Record<string, unknown>>;
        const input = "entries" in content ? { manifest: content } : content;
        const value = await connect("requester").client.digests(name, input);
        return { value, text: fields(value) };
      }),
    );
}
