import type { Command } from "commander";
import type { Connect } from "./approvals.ts";
import { type Connection, readText } from "./connection.ts";
import { placeholder } from "./curl.ts";
import { fields } from "./output.ts";
import { listed, withPaging } from "./pages.ts";
import { said } from "./terminal.ts";
import type { Run } from "./tokens.ts";

/** Who works under which lease; whoever holds one keeps it or gives it back. */
export function addLeaseCommands(program: Command, run: Run, connect: Connect): void {
  const lease = program.command("lease").description("leases");
  withPaging(lease.command("list").description("who works under which lease")).action((query: Record<string, string>) =>
    run(() =>
      listed(
        query,
        (page) => connect("operator").client.listLeases(page),
        ["lease", "status", "holder", "fence", "expires at"],
        (one) => [one.name, one.status, one.holder, one.fencing_token, one.expires_at],
      ),
    ),
  );
  lease
    .command("show")
    .description("one lease")
    .argument("<name>")
    .action((name: string) =>
      run(async () => {
        const value = await connect("operator").client.readLease(name);
        return { value, text: fields(value) };
      }),
    );
  // A token on the command line would be in the list of processes.
  lease
    .command("renew")
    .description("keep a lease that one holds")
    .argument("<name>")
    .requiredOption("--token-file <file>", "with the token of the receipt")
    .option("--ttl <seconds>", "how long from now")
    .action((name: string, options: { tokenFile: string; ttl?: string }) =>
      run(async () => {
        const ttl = options.ttl === undefined ? {} : { ttl_seconds: Number(options.ttl) };
        const connection = connect("executor");
        const input = { token: tokenIn(options.tokenFile, connection), ...ttl };
        const value = await connection.client.renewLease(name, input);
        return { value, text: said`${name} is ${value.status} until ${value.expires_at}` };
      }),
    );
  lease
    .command("release")
    .description("give a lease back")
    .argument("<name>")
    .requiredOption("--token-file <file>", "with the token of the receipt")
    .action((name: string, options: { tokenFile: string }) =>
      run(async () => {
        const connection = connect("executor");
        const value = await connection.client.releaseLease(name, { token: tokenIn(options.tokenFile, connection) });
        return { value, text: said`${name} is ${value.status}` };
      }),
    );
}

/** What is only printed has no token in it. */
const tokenIn = (file: string, { dry }: Connection): string => (dry ? placeholder : readText(file).trim());
