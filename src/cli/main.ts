import process from "node:process";
import { Command, CommanderError } from "commander";
import { ClientProblem } from "../client/index.ts";
import { ConfigurationError, readClientConfig } from "../config.ts";
import { Problem } from "../kernel/problem.ts";
import { version } from "../version.ts";
import { addApprovalCommands, type Connect } from "./approvals.ts";
import { addAuditCommands } from "./audit.ts";
import { type ConnectionOptions, connect as connectWith, UsageError } from "./connection.ts";
import { addBuildCommands } from "./builds.ts";
import { addDecisionCommands } from "./decisions.ts";
import { addEvidenceCommands } from "./evidence.ts";
import { addGrantCommands } from "./grants.ts";
import { addHoldCommands } from "./holds.ts";
import { addLeaseCommands } from "./leases.ts";
import { addLifecycleCommands } from "./lifecycle.ts";
import { addOperationCommands } from "./operations.ts";
import type { Shown } from "./output.ts";
import { addPlanCommands } from "./plans.ts";
import { addRecoverCommand } from "./recover.ts";
import { addRunCommands } from "./runs.ts";
import { addScopeCommands } from "./scopes.ts";
import { addSigningCommands } from "./signing.ts";
import { addTokenCommands } from "./tokens.ts";

function makeProgram(): Command {
  const program = new Command("countersign")
    .description("Narrow, short-lived, single-use grants between an approval and its change.")
    .version(version)
    .option("--url <url>", "where the service is (COUNTERSIGN_URL)")
    .option("--token <token>", "API token (COUNTERSIGN_TOKEN)")
    .option("--credentials <file>", "credentials file ($DATA_DIR/credentials.json)")
    .option("--as <name>", "whose token of the credentials file")
    .option("--json", "answer JSON")
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();
  const connect: Connect = (usual) => connectWith(program.opts<ConnectionOptions>(), readClientConfig(), usual);
  const run = async (work: () => Promise<Shown>): Promise<void> => {
    const { value, text, code } = await work();
    const { json } = program.opts<{ json?: boolean }>();
    process.stdout.write(`${json === true ? JSON.stringify(value, null, 2) : text}\n`);
    process.exitCode = code ?? 0;
  };
  addOperationCommands(program, run, connect);
  addAuditCommands(program, run, connect);
  addTokenCommands(program, run);
  addRecoverCommand(program, run);
  addApprovalCommands(program, run, connect);
  addGrantCommands(program, run, connect);
  addSigningCommands(program, run, connect);
  addScopeCommands(program, run, connect);
  addHoldCommands(program, run, connect);
  addLeaseCommands(program, run, connect);
  addBuildCommands(program, run, connect);
  addRunCommands(program, run, connect);
  addEvidenceCommands(program, run, connect);
  addPlanCommands(program, run, connect);
  addDecisionCommands(program, run, connect);
  addLifecycleCommands(program, run, connect);
  return program;
}

/** Says on standard error what went wrong. @returns the exit code: 1 refused or failed, 2 usage */
function report(error: unknown): number {
  // Commander has said by itself what is wrong with the command line.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const usage = error instanceof UsageError || error instanceof ConfigurationError;
  process.stderr.write(`countersign: ${describe(error)}\n`);
  return usage ? 2 : 1;
}

function describe(error: unknown): string {
  if (error instanceof ClientProblem) {
    const places = error.errors.map(({ pointer, detail }) => `\n  ${pointer} ${detail}`).join("");
    return `${error.status} ${error.code}: ${error.detail}${places}`;
  }
  if (error instanceof Problem) return `${error.code}: ${error.message}`;
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

try {
  await makeProgram().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
