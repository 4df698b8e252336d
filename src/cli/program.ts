import process from "node:process";
import { Command } from "commander";
import { readClientConfig } from "../config.ts";
import { version } from "../version.ts";
import { addActionTypeCommands } from "./action-types.ts";
import { addApprovalCommands, type Connect } from "./approvals.ts";
import { addAuditCommands } from "./audit.ts";
import { addBuildCommands } from "./builds.ts";
import { addCompletionCommand } from "./completion.ts";
import { type ConnectionOptions, connect as connectWith } from "./connection.ts";
import { requireRequest } from "./curl.ts";
import { addDecisionCommands } from "./decisions.ts";
import { addDispatchCommand } from "./dispatch.ts";
import { addEvidenceCommands } from "./evidence.ts";
import { addGrantCommands } from "./grants.ts";
import { addHoldCommands } from "./holds.ts";
import { addLeaseCommands } from "./leases.ts";
import { addLifecycleCommands } from "./lifecycle.ts";
import { addOperationCommands } from "./operations.ts";
import type { Shown } from "./output.ts";
import { addPlanCommands } from "./plans.ts";
import { addProfileCommands } from "./profile-commands.ts";
import { addRecoverCommand } from "./recover.ts";
import { addRehearsalCommands } from "./rehearsals.ts";
import { addRunCommands } from "./runs.ts";
import { addScopeCommands } from "./scopes.ts";
import { addSigningCommands } from "./signing.ts";
import { harmless, jsonText } from "./terminal.ts";
import { addTokenCommands } from "./tokens.ts";
import { addWebhookCommands } from "./webhooks.ts";

/** All commands. Nothing is read or sent before one of them is parsed. */
export function makeProgram(): Command {
  const program = new Command("countersign")
    .description("Narrow, short-lived, single-use grants between an approval and its change.")
    .version(version)
    .option("--url <url>", "where the service is (COUNTERSIGN_URL)")
    .option("--profile <name>", "a profile of one's own (COUNTERSIGN_PROFILE), see countersign profile")
    .option("--token-from <file>", "file with the API token; - is standard input")
    .option("--token <token>", "API token, which others see in the list of processes (better: COUNTERSIGN_TOKEN)")
    .option("--credentials <file>", "credentials file ($DATA_DIR/credentials.json)")
    .option("--as <name>", "whose token of the credentials file")
    .option("--json", "answer JSON")
    .option("--curl", "print the request as a curl command, and send nothing")
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();
  program.hook("preAction", (_, command) => {
    if (program.opts<ConnectionOptions>().curl === true) requireRequest(command);
  });
  const connect: Connect = (usual) => connectWith(program.opts<ConnectionOptions>(), readClientConfig(), usual);
  const run = async (work: () => Promise<Shown>): Promise<void> => {
    const shown = await work();
    const { json } = program.opts<{ json?: boolean }>();
    process.stdout.write(json === true ? `${jsonText(shown.value, shown.compact === true ? 0 : 2)}\n` : textOf(shown));
    process.exitCode = shown.code ?? 0;
  };
  addOperationCommands(program, run, connect);
  addAuditCommands(program, run, connect);
  addTokenCommands(program, run);
  addRecoverCommand(program, run);
  addApprovalCommands(program, run, connect);
  addActionTypeCommands(program, run, connect);
  addGrantCommands(program, run, connect);
  addSigningCommands(program, run, connect);
  addScopeCommands(program, run, connect);
  addHoldCommands(program, run, connect);
  addLeaseCommands(program, run, connect);
  addBuildCommands(program, run, connect);
  addRunCommands(program, run, connect);
  addRehearsalCommands(program, run, connect);
  addEvidenceCommands(program, run, connect);
  addPlanCommands(program, run, connect);
  addDecisionCommands(program, run, connect);
  addLifecycleCommands(program, run, connect);
  addWebhookCommands(program, run, connect);
  addDispatchCommand(program, connect);
  addProfileCommands(program, run, () => readClientConfig());
  addCompletionCommand(program);
  return program;
}

function textOf({ text, exact }: Shown): string {
  return exact === true && process.stdout.isTTY !== true ? text : `${harmless(text)}\n`;
}
