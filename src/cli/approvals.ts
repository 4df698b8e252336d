import { Argument, type Command } from "commander";
import type { Client } from "../client/index.ts";
import { secondsOf, untilItChanges } from "./changes.ts";
import { type Connection, readJson, UsageError } from "./connection.ts";
import { fields, table } from "./output.ts";
import { listed, withPaging } from "./pages.ts";
import { said } from "./terminal.ts";
import type { Run } from "./tokens.ts";

export type Connect = (usual: string) => Connection;

export function addApprovalCommands(program: Command, run: Run, connect: Connect): void {
  const apr = program.command("apr").description("approval requests");
  apr
    .command("create")
    .description("post a request, as it stands in a file")
    .requiredOption("-f, --file <json>", "the request")
    .action((options: { file: string }) =>
      run(async () => {
        // The service is the one judge of what a request may hold.
        const request = readJson(options.file) as Parameters<Client["submitRequest"]>[0];
        const value = await connect("requester").client.submitRequest(request);
        return { value, text: fields(summary(value)) };
      }),
    );
  addReads(apr, run, connect, () => program.opts<{ json?: boolean }>().json === true);
  addDecisions(apr, run, connect);
}

function addReads(apr: Command, run: Run, connect: Connect, json: () => boolean): void {
  const list = apr
    .command("list")
    .description("requests, newest first")
    .option("--status <status>", "open, approved, rejected, withdrawn, expired or executed")
    .option("--action <code>", "of this action alone")
    .option("--requested-by <principal>", "of this person alone")
    .option("--relation <relation>", "can_vote, created or voted")
    .option("--search <words>", "beginnings of words of its code, title, requester, plan and target")
    .option("--risk <risk>", "low, medium, high or sovereign")
    .option("--plan <plan>", "of this plan alone")
    .option("--target <name>", "for this target alone")
    .option("--environment <name>", "for this environment alone")
    .option("--comparable-to <apr_code>", "what was approved before for the plan and target of this request");
  withPaging(list).action(({ action, requestedBy, search, plan, comparableTo, ...query }: Record<string, string>) =>
    run(() =>
      listed(
        {
          ...query,
          action_code: action,
          requested_by: requestedBy,
          q: search,
          plan_id: plan,
          comparable_to: comparableTo,
        },
        (page) => connect("requester").client.listRequests(page),
        ["apr", "status", "risk", "requested by", "title"],
        (one) => [one.apr_code, one.status, one.risk, one.requested_by, one.title],
      ),
    ),
  );
  apr
    .command("show")
    .description("what is to be approved, with its votes")
    .argument("<apr_code>")
    .option("--watch", "until its status changes")
    .option("--interval <seconds>", "how often to look", secondsOf, 2)
    .action((code: string, { watch, interval }: { watch?: boolean; interval: number }) =>
      run(async () => {
        const { client } = connect("requester");
        if (watch !== true) {
          const value = await client.readRequest(code);
          return { value, text: whole(value) };
        }
        return untilItChanges({
          read: (signal) => client.readRequest(code, { signal }),
          isFinal: (status) => status !== "open" && status !== "approved",
          whole,
          line: (value) =>
            said`${code} is ${value.status}: ${value.quorum.approvals} of ${value.quorum.required} approvals`,
          json: json(),
          everySeconds: interval,
          again: `countersign apr show ${code} --watch`,
        });
      }),
    );
}

function addDecisions(apr: Command, run: Run, connect: Connect): void {
  apr
    .command("vote")
    .description("approve or reject what you have read")
    .argument("<apr_code>")
    .addArgument(new Argument("<decision>").choices(["approve", "reject"]))
    .requiredOption("--digest <digest>", "apr_digest of the request as you read it")
    .requiredOption("--reason <text>", "why; it is on record")
    .action((code: string, decision: "approve" | "reject", options: { digest: string; reason: string }) =>
      run(async () => {
        const vote = { decision, apr_digest: options.digest, reason: options.reason } as const;
        const value = await connect("approver_1").client.vote(code, vote);
        const { approvals, required } = value.quorum;
        return { value, text: said`${code} is ${value.status}: ${approvals} of ${required} approvals` };
      }),
    );
  apr
    .command("withdraw")
    .description("take one's own request back")
    .argument("<apr_code>")
    .action((code: string) =>
      run(async () => {
        const value = await connect("requester").client.withdraw(code);
        return { value, text: said`${code} is ${value.status}` };
      }),
    );
  apr
    .command("execute")
    .description("execute an approved request: it becomes a grant")
    .argument("<apr_code>")
    .option("--digest <digest>", "apr_digest; that of the request as it is stored if absent")
    .option("--dry-run", "say what would happen")
    .action((code: string, options: { digest?: string; dryRun?: boolean }) =>
      run(async () => {
        const { client, syncSecret, dry } = connect("dispatcher");
        if (dry && options.digest === undefined) throw new UsageError("--curl reads nothing: say the --digest");
        const digest = options.digest ?? (await client.readRequest(code)).apr_digest;
        const value = await client.execute(code, digest, syncSecret(), { dryRun: options.dryRun });
        return { value, text: said`${value.result} ${value.auth_code}${value.replayed ? " (replayed)" : ""}` };
      }),
    );
}

type Request = Awaited<ReturnType<Client["readRequest"]>>;

function whole(value: Request): string {
  const votes = value.votes.map((vote) => [vote.voter, vote.decision, vote.voted_at, vote.reason]);
  const { may_vote: may } = value.deciders;
  const text = `${fields(summary(value))}\n\n${table(["voter", "decision", "at", "reason"], votes)}`;
  return `${text}\n\n${said`may still vote: ${may.join(", ") || "nobody"}`}`;
}

function summary(request: Request): object {
  const { votes: _, deciders: __, request: ___, ...rest } = request;
  return rest;
}
