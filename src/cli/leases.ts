import type { Command } from "commander";
import type { Connect } from "./approvals.ts";
import { readText } from "./connection.ts";
import { table } from "./output.ts";
import type { Run } from "./tokens.ts";

/** Who works under which lease; whoever holds one keeps it or gives it back. */
export function addLeaseCommands(program: Command, run: Run, connect: Connect): void {
  const lease = program.command("lease").description("leases");
  lease
    .command("list")
    .option("--limit <n>")
    .option("--cursor <cursor>")
    .action((query: Record<string, string>) =>
      run(async () => {
        const value = await connect("operator").client.listLeases(query);
        const rows = value.items.map((one) => [one.name, one.status, one.holder, one.fencing_token, one.expires_at]);
        return { value, text: table(["lease", "status", "holder", "fence", "expires at"], rows) };
      }),
    );
  // A token on the command line would be in the list of processes.
  lease
    .command("renew")
    .argument("<name>")
    .requiredOption("--token-file <file>", "with the token of the receipt")
    .option("--ttl <seconds>")
    .action((name: string, options: { tokenFile: string; ttl?: string }) =>
      run(async () => {
        const ttl = options.ttl === undefined ? {} : { ttl_seconds: Number(options.ttl) };
        const input = { token: readText(options.tokenFile).trim(), ...ttl };
        const value = await connect("executor").client.renewLease(name, input);
        return { value, text: `${name} is ${value.status} until ${value.expires_at}` };
      }),
    );
  lease
    .command("release")
    .argument("<name>")
    .requiredOption("--token-file <file>", "with the token of the receipt")
    .action((name: string, options: { tokenFile: string }) =>
      run(async () => {
        const input = { token: readText(options.tokenFile).trim() };
        const value = await connect("executor").client.releaseLease(name, input);
        return { value, text: `${name} is ${value.status}` };
      }),
    );
}
