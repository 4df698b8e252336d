import type { Command } from "commander";
import type { Client } from "../client/index.ts";
import { type Connection, readJson, UsageError } from "./connection.ts";
import { fields, table } from "./output.ts";
import type { Run } from "./tokens.ts";

export type Connect = (usual: string) => Connection;

export function addApprovalCommands(program: Command, run: Run, connect: Connect): void {
  const apr = program.command("apr").description("approval requests");
  apr
    .command("create")
    .requiredOption("-f, --file <json>", "the request")
    .action((options: { file: string }) =>
      run(async () => {
        // The service is the one judge of what a request may hold.
        const request = readJson(options.file) as Parameters<Client["submitRequest"]>[0];
        const value = await connect("requester").client.submitRequest(request);
        return { value, text: fields(summary(value)) };
      }),
    );
  apr
    .command("list")
    .option("--status <status>")
    .option("--relation <relation>", "can_vote, created or voted")
    .option("--limit <n>")
    .option("--cursor <cursor>")
    .action((query: Record<string, string>) =>
      run(async () => {
        const value = await connect("requester").client.listRequests(query);
        const rows = value.items.map((one) => [one.apr_code, one.status, one.risk, one.requested_by, one.title]);
        return { value, text: table(["apr", "status", "risk", "requested by", "title"], rows) };
      }),
    );
  apr
    .command("show")
    .argument("<apr_code>")
    .action((code: string) =>
      run(async () => {
        const value = await connect("requester").client.readRequest(code);
        const votes = value.votes.map((vote) => [vote.voter, vote.decision, vote.voted_at, vote.reason]);
        const { may_vote: may } = value.deciders;
        const text = `${fields(summary(value))}\n\n${table(["voter", "decision", "at", "reason"], votes)}`;
        return { value, text: `${text}\n\nmay still vote: ${may.join(", ") || "nobody"}` };
      }),
    );
  apr
    .command("vote")
    .argument("<apr_code>")
    .argument("<decision>", "approve or reject")
    .requiredOption("--digest <digest>", "apr_digest of the request as you read it")
    .requiredOption("--reason <text>")
    .action((code: string, decision: string, options: { digest: string; reason: string }) =>
      run(async () => {
        if (decision !== "approve" && decision !== "reject") throw new UsageError("the decision is approve or reject");
        const vote = { decision, apr_digest: options.digest, reason: options.reason } as const;
        const value = await connect("approver_1").client.vote(code, vote);
        const { approvals, required } = value.quorum;
        return { value, text: `${code} is ${value.status}: ${approvals} of ${required} approvals` };
      }),
    );
  apr
    .command("withdraw")
    .argument("<apr_code>")
    .action((code: string) =>
      run(async () => {
        const value = await connect("requester").client.withdraw(code);
        return { value, text: `${code} is ${value.status}` };
      }),
    );
  apr
    .command("execute")
    .argument("<apr_code>")
    .option("--digest <digest>", "apr_digest; that of the request as it is stored if absent")
    .option("--dry-run", "say what would happen")
    .action((code: string, options: { digest?: string; dryRun?: boolean }) =>
      run(async () => {
        const { client, syncSecret } = connect("dispatcher");
        const digest = options.digest ?? (await client.readRequest(code)).apr_digest;
        const value = await client.execute(code, digest, syncSecret(), { dryRun: options.dryRun });
        return { value, text: `${value.result} ${value.auth_code}${value.replayed ? " (replayed)" : ""}` };
      }),
    );
}

function summary(request: Awaited<ReturnType<Client["readRequest"]>>): object {
  const { votes: _, deciders: __, request: ___, ...rest } = request;
  return rest;
}
