import type { Command } from "commander";
import type { Client } from "../client/index.ts";
import type { Connect } from "./approvals.ts";
import { readJson } from "./connection.ts";
import type { Shown } from "./output.ts";
import { board, follow, verdict } from "./progress.ts";
import { listed, withPaging } from "./pages.ts";
import type { Run } from "./tokens.ts";

interface StartOptions {
  readonly root?: string;
  readonly authCode?: string;
  readonly watch?: boolean;
}

/** Runs of builds: start, follow, go on, roll back. */
export function addRunCommands(program: Command, run: Run, connect: Connect): void {
  const runs = program.command("run").description("runs: builds under their grants, resumable and reversible");
  const json = (): boolean => program.opts<{ json?: boolean }>().json === true;
  const ended = (client: Client, root: string, watch: boolean | undefined): Promise<Shown> =>
    watch === true ? follow(client, root, json()) : show(client, root);

  withStart(
    runs
      .command("start")
      .description("start a run, or resume the one of that root")
      .argument("<file>", "the run, as JSON"),
  ).action((file: string, options: StartOptions) =>
    run(async () => {
      const { client } = connect("executor");
      const body = { ...(readJson(file) as Parameters<Client["startRun"]>[0]), ...named(options) };
      const started = await client.startRun(body);
      return ended(client, started.idempotency_root, options.watch);
    }),
  );
  withStart(
    runs
      .command("rollback")
      .description("roll a finished run back, under a grant of its own")
      .argument("<root>")
      .argument("<file>", "the rollback's run, as JSON"),
  ).action((root: string, file: string, options: StartOptions) =>
    run(async () => {
      const { client } = connect("executor");
      const body = { ...(readJson(file) as Parameters<Client["rollbackRun"]>[1]), ...named(options) };
      const started = await client.rollbackRun(root, body);
      return ended(client, started.idempotency_root, options.watch);
    }),
  );
  runs
    .command("resume")
    .description("go on with a run that was interrupted")
    .argument("<root>")
    .option("--watch", "follow it to its end")
    .action((root: string, options: { watch?: boolean }) =>
      run(async () => {
        const { client } = connect("executor");
        await client.resumeRun(root);
        return ended(client, root, options.watch);
      }),
    );
  runs
    .command("watch")
    .description("follow a run to its end")
    .argument("<root>")
    .action((root: string) => run(() => follow(connect("operator").client, root, json())));
  runs
    .command("show")
    .description("the states of a run, and how it ended")
    .argument("<root>")
    .option("--watch", "follow it to its end")
    .action((root: string, { watch }: { watch?: boolean }) =>
      run(() => ended(connect("operator").client, root, watch)),
    );
  addList(runs, run, connect);
}

function withStart(command: Command): Command {
  return command
    .option("--root <root>", "idempotency_root, in place of the file's")
    .option("--auth-code <code>", "the grant, in place of the file's")
    .option("--watch", "follow it to its end");
}

function named(options: StartOptions): { idempotency_root?: string; auth_code?: string } {
  return {
    ...(options.root === undefined ? {} : { idempotency_root: options.root }),
    ...(options.authCode === undefined ? {} : { auth_code: options.authCode }),
  };
}

function addList(runs: Command, run: Run, connect: Connect): void {
  withPaging(
    runs
      .command("list")
      .description("runs, newest first")
      .option("--status <status>", "running, compensating, succeeded, stopped or indeterminate")
      .option("--build <name>", "of this build alone")
      .option("--auth-code <code>", "under this grant alone")
      .option("--executor <principal>", "for this executor alone")
      .option("--target <name>", "for this target alone")
      .option("--failed", "stopped and indeterminate ones alone"),
  ).action(({ authCode, ...query }: Record<string, string>) =>
    run(() =>
      listed(
        { ...query, auth_code: authCode },
        (page) => connect("operator").client.listRuns(page),
        ["run", "build", "mode", "status", "state", "target", "created at"],
        (one) => [
          one.idempotency_root,
          one.build,
          one.mode,
          one.status,
          one.stop_state ?? one.state,
          one.target,
          one.created_at,
        ],
      ),
    ),
  );
}

async function show(client: Client, root: string): Promise<Shown> {
  const value = await client.readRun(root);
  return { value, text: `${board(value)}\n${verdict(value)}`, code: value.status === "stopped" ? 1 : 0 };
}
