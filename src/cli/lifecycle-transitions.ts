import { randomUUID } from "node:crypto";
import process from "node:process";
import type { Command } from "commander";
import type { Client } from "../client/index.ts";
import type { Connect } from "./approvals.ts";
import { readJson, UsageError } from "./connection.ts";
import { fields, type Shown } from "./output.ts";
import { board, follow, verdict } from "./progress.ts";
import type { Run } from "./tokens.ts";

type Manifest = Awaited<ReturnType<Client["lifecycle"]["manifest"]>>;
type Transition = Parameters<Client["lifecycle"]["dryRun"]>[0];
type DryTransition = Parameters<Client["lifecycle"]["dryRun"]>[1];
type Bindings = Parameters<Client["verify"]>[0];

interface TransitionOptions {
  readonly dryRun?: boolean;
  readonly address?: string;
  readonly decision?: string;
  readonly newVersion?: string;
  readonly changeSet?: string;
  readonly reason?: string;
  readonly database?: string;
  readonly authCode?: string;
  readonly root?: string;
  readonly watch?: boolean;
}

const descriptions: Readonly<Record<Transition, string>> = {
  enact: "put units in force",
  supersede: "put a newer version of units in force",
  retire: "take units out of force",
};

/** Transitions of units: of many as a run under a grant, of one as a dry run (LIFE-1, LIFE-6). */
export function addTransitionCommands(lifecycle: Command, run: Run, connect: Connect, json: () => boolean): void {
  for (const name of ["enact", "supersede", "retire"] as const) addTransition(lifecycle, name, run, connect, json);
}

function addTransition(lifecycle: Command, name: Transition, run: Run, connect: Connect, json: () => boolean): void {
  const command = lifecycle
    .command(name)
    .description(`${descriptions[name]}: the units of a manifest under a grant, or one of them as a dry run`)
    .argument("[manifest]", "the file that lifecycle manifest has written")
    .option("--auth-code <code>", "the grant")
    .option("--root <root>", "idempotency_root, to resume a run; a fresh one if absent")
    .option("--watch", "follow it to its end")
    .option("--dry-run", "ask the gateway about one unit, and change nothing; exit 1 where it refuses")
    .option("--address <address>", "the unit of the dry run")
    .option("--decision <id>", "its review decision")
    .option("--change-set <id>", "the change set that it belongs to")
    .option("--reason <text>", "why; it is on record")
    .option("--database <name>", "the target database; default if absent");
  if (name === "supersede") command.option("--new-version <id>", "what it is superseded by");
  command.action((file: string | undefined, options: TransitionOptions) =>
    run(async () => {
      if (options.dryRun === true) {
        if (file !== undefined) throw new UsageError("a dry run is of one unit, --address, and takes no manifest");
        return tried(connect("executor").client, name, dryOf(options));
      }
      return started(connect("executor").client, name, file, options, json());
    }),
  );
}

/** @throws UsageError */
function dryOf({ address, decision, newVersion, changeSet, reason, database }: TransitionOptions): DryTransition {
  if (address === undefined || decision === undefined) throw new UsageError("--dry-run needs --address and --decision");
  return {
    canonical_address: address,
    review_decision_id: decision,
    ...(newVersion === undefined ? {} : { new_version_id: newVersion }),
    ...(changeSet === undefined ? {} : { change_set_id: changeSet }),
    ...(reason === undefined ? {} : { reason }),
    ...(database === undefined ? {} : { database }),
  };
}

async function tried(client: Client, name: Transition, input: DryTransition): Promise<Shown> {
  const value = await client.lifecycle.dryRun(name, input);
  return { value, text: fields(value), code: value.status === "plan_ok" ? 0 : 1 };
}

/** @throws UsageError where the file is no manifest of this transition, or no grant is named */
async function started(
  client: Client,
  name: Transition,
  file: string | undefined,
  options: TransitionOptions,
  json: boolean,
): Promise<Shown> {
  const { authCode } = options;
  if (file === undefined || authCode === undefined)
    throw new UsageError("give a manifest and --auth-code, or --dry-run with --address and --decision");
  const manifest = readJson(file) as Partial<Manifest>;
  if (manifest.build === undefined || manifest.input?.transition !== name)
    throw new UsageError(`${file} is no manifest of ${name}`);
  const run = await client.startRun({
    idempotency_root: rootOf(options),
    build: manifest.build,
    target: manifest.database ?? "default",
    auth_code: authCode,
    bindings: await bindingsOf(client, authCode, manifest as Manifest),
    input: manifest.input,
  });
  if (options.watch === true) return follow(client, run.idempotency_root, json);
  return { value: run, text: `${board(run)}\n${verdict(run)}` };
}

/** The digests are those of the file in hand, so that another grant's manifest is refused; all else is the grant's. */
async function bindingsOf(client: Client, authCode: string, manifest: Manifest): Promise<Bindings> {
  const { mode, bindings } = await client.readGrant(authCode);
  const { carrier, plan_id, plan_revision, environment, executor, action_set, rollback_plan_ref } = bindings;
  const { manifest_digest, schema_digest } = manifest;
  const terms = { environment, executor, action_set, rollback_plan_ref };
  return { mode, carrier, plan_id, plan_revision, manifest_digest, schema_digest, ...terms };
}

/** Said before the run is started: whoever loses the answer resumes with it. */
function rootOf({ root }: TransitionOptions): string {
  if (root !== undefined) return root;
  const made = `lifecycle-${randomUUID()}`;
  process.stderr.write(`root ${made}\n`);
  return made;
}
