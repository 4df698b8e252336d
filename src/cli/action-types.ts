import type { Command } from "commander";
import type { Client } from "../client/index.ts";
import type { Connect } from "./approvals.ts";
import { readJson } from "./connection.ts";
import { fields } from "./output.ts";
import { listed, withPaging } from "./pages.ts";
import type { Run } from "./tokens.ts";
import { UsageError } from "./usage.ts";

type Input = Parameters<Client["configureActionType"]>[1];

interface ConfigureOptions {
  readonly file?: string;
  readonly handler?: string;
  readonly risk?: string;
  readonly quorum?: string;
  readonly councilQuorum?: string;
  readonly retire?: boolean;
}

/** The routing table: which handler a request goes to, and how many have to approve it (APR-4, APR-5). */
export function addActionTypeCommands(program: Command, run: Run, connect: Connect): void {
  const types = program.command("action-type").description("the routing table: handlers, risks and quorums");
  withPaging(types.command("list").description("the whole table")).action((query: Record<string, string>) =>
    run(() =>
      listed(
        query,
        (page) => connect("requester").client.listActionTypes(page),
        ["action", "handler", "risk", "quorum", "council", "status", "origin"],
        (one) => [
          one.action_code,
          one.handler_ref,
          one.risk_level,
          one.quorum,
          one.council_quorum,
          one.status,
          one.origin,
        ],
      ),
    ),
  );
  types
    .command("show")
    .description("one action type")
    .argument("<code>")
    .action((code: string) =>
      run(async () => {
        const value = await connect("requester").client.readActionType(code);
        return { value, text: fields(value) };
      }),
    );
  types
    .command("configure")
    .description("register an action type, change it or retire it: from a file, or by options")
    .argument("<code>")
    .option("-f, --file <json>", "handler_ref, risk_level, quorum, council_quorum and status")
    .option("--handler <ref>", "handler_ref")
    .option("--risk <level>", "low, medium, high or sovereign")
    .option("--quorum <n>", "how many approvals")
    .option("--council-quorum <n>", "how many of them from the council")
    .option("--retire", "its requests are no longer executed")
    .action((code: string, options: ConfigureOptions) =>
      run(async () => {
        const input = inputOf(options);
        const value = await connect("admin").client.configureActionType(code, input);
        return { value, text: fields(value) };
      }),
    );
}

/** The service is the judge of the values. @throws UsageError when something is missing */
function inputOf({ file, handler, risk, quorum, councilQuorum, retire }: ConfigureOptions): Input {
  const base = file === undefined ? {} : (readJson(file) as Partial<Input>);
  const input = {
    ...base,
    ...(handler !== undefined && { handler_ref: handler }),
    ...(risk !== undefined && { risk_level: risk as Input["risk_level"] }),
    ...(quorum !== undefined && { quorum: Number(quorum) }),
    ...(councilQuorum !== undefined && { council_quorum: Number(councilQuorum) }),
    ...(retire === true && { status: "retired" as const }),
  };
  const { handler_ref, risk_level, quorum: votes, ...rest } = input;
  if (handler_ref === undefined || risk_level === undefined || votes === undefined) {
    throw new UsageError("an action type has a --handler, a --risk and a --quorum, or a --file with them");
  }
  return { handler_ref, risk_level, quorum: votes, ...rest };
}
