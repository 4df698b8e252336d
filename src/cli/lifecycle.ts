import type { Command } from "commander";
import type { Client } from "../client/index.ts";
import type { Connect } from "./approvals.ts";
import { UsageError } from "./connection.ts";
import { appended } from "./decisions.ts";
import { addGatewayCommands } from "./lifecycle-gateway.ts";
import { addReportCommands } from "./lifecycle-reports.ts";
import { addTransitionCommands } from "./lifecycle-transitions.ts";
import { fields, table } from "./output.ts";
import { save } from "./saved.ts";
import { listed, withPaging } from "./pages.ts";
import type { Run } from "./tokens.ts";

type Manifest = Awaited<ReturnType<Client["lifecycle"]["manifest"]>>;
type ManifestInput = Parameters<Client["lifecycle"]["manifest"]>[0];
type Transition = Parameters<Client["lifecycle"]["dryRun"]>[0];

/** Units, their log, their transitions, and the gateway that they go through (LIFE-1 to LIFE-7). */
export function addLifecycleCommands(program: Command, run: Run, connect: Connect): void {
  const lifecycle = program.command("lifecycle").description("units from draft to law, and the gateway that they pass");
  addLists(lifecycle, run, connect);
  addManifest(lifecycle, run, connect);
  addTransitionCommands(lifecycle, run, connect, () => program.opts<{ json?: boolean }>().json === true);
  addReportCommands(lifecycle, run, connect);
  addGatewayCommands(lifecycle, run, connect);
}

function addLists(lifecycle: Command, run: Run, connect: Connect): void {
  withPaging(
    lifecycle
      .command("units")
      .description("the units of a target, by their addresses")
      .option("--status <status>", "draft, enacted, superseded or retired")
      .option("--prefix <prefix>", "units whose address begins with it")
      .option("--database <name>", "the target database; default if absent"),
  ).action(({ prefix, ...query }: Record<string, string>) =>
    run(() =>
      listed(
        { ...query, address_prefix: prefix },
        (page) => connect("operator").client.lifecycle.units(page),
        ["address", "status", "version", "newer", "enacted at", "digest"],
        (one) => [
          one.canonical_address,
          one.lifecycle_status,
          one.version_seq,
          one.newest_version_seq === one.version_seq ? undefined : one.newest_version_seq,
          one.enacted_at,
          one.version_digest,
        ],
      ),
    ),
  );
  withPaging(
    lifecycle
      .command("log")
      .description("what the gateway has done, newest first")
      .option("--address <address>", "of this unit alone")
      .option("--root <root>", "of this run alone")
      .option("--database <name>", "the target database; default if absent"),
  ).action(({ address, root, ...query }: Record<string, string>) =>
    run(() =>
      listed(
        { ...query, canonical_address: address, run_ref: root },
        (page) => connect("operator").client.lifecycle.log(page),
        ["log", "at", "what", "address", "from > to", "actor", "decision", "run", "reason"],
        (one) => [
          one.log_id,
          one.at,
          one.transition_type,
          one.canonical_address,
          `${one.from_status ?? "-"} > ${one.to_status ?? "-"}`,
          one.actor,
          one.review_decision_id,
          one.run_ref,
          one.reason,
        ],
      ),
    ),
  );
}

interface ManifestOptions {
  readonly address: readonly string[];
  readonly prefix?: string;
  readonly decision: string;
  readonly compensation?: string;
  readonly changeSet?: string;
  readonly reason: string;
  readonly database?: string;
  readonly output?: string;
}

function addManifest(lifecycle: Command, run: Run, connect: Connect): void {
  lifecycle
    .command("manifest")
    .description("the units of a run with their versions, tried by the gateway; exit 1 where it refuses one")
    .argument("<transition>", "enact, supersede or retire")
    .option(
      "--address <address>",
      "a unit, or address=version for the version that supersedes; again for each",
      appended,
      [],
    )
    .option("--prefix <prefix>", "all units whose address begins with it and that may make the transition")
    .requiredOption("--decision <id>", "the review decision")
    .requiredOption("--reason <text>", "why; it is on record")
    .option("--compensation <id>", "the retirement decision that an unfinished enactment is undone under")
    .option("--change-set <id>", "the change set that it belongs to")
    .option("--database <name>", "the target database; default if absent")
    .option("-o, --output <file>", "where the manifest is kept, for the request and for the run")
    .action((name: string, options: ManifestOptions) =>
      run(async () => {
        const input = manifestOf(transitionOf(name), options);
        const value = await connect("requester").client.lifecycle.manifest(input);
        if (options.output !== undefined) save(options.output, `${JSON.stringify(value, null, 2)}\n`);
        return { value, text: shownManifest(value), code: value.passed ? 0 : 1 };
      }),
    );
}

/** @throws UsageError */
function transitionOf(name: string): Transition {
  if (name === "enact" || name === "supersede" || name === "retire") return name;
  throw new UsageError("the transition is enact, supersede or retire");
}

/** @throws UsageError */
function manifestOf(transition: Transition, options: ManifestOptions): ManifestInput {
  const { address, prefix, decision, compensation, changeSet, reason, database } = options;
  if ((address.length === 0) === (prefix === undefined)) throw new UsageError("give either --address or --prefix");
  return {
    transition,
    review_decision_id: decision,
    reason,
    ...(address.length === 0 ? {} : { units: address.map(unitOf) }),
    ...(prefix === undefined ? {} : { address_prefix: prefix }),
    ...(compensation === undefined ? {} : { compensation_decision_id: compensation }),
    ...(changeSet === undefined ? {} : { change_set_id: changeSet }),
    ...(database === undefined ? {} : { database }),
  };
}

function unitOf(text: string): NonNullable<ManifestInput["units"]>[number] {
  const [, address = text, version] = /^(.+)=([0-9a-f-]{36})$/.exec(text) ?? [];
  return { canonical_address: address, ...(version === undefined ? {} : { new_version_id: version }) };
}

function shownManifest(value: Manifest): string {
  const { build, database, count, passed, manifest_digest, schema_digest } = value;
  const rows = value.results.map((one) => [
    one.canonical_address,
    one.status,
    one.from_status,
    one.to_status,
    one.detail,
  ]);
  const head = fields({ build, database, count, passed, manifest_digest, schema_digest });
  return `${head}\n\n${table(["address", "status", "from", "to", "detail"], rows)}`;
}
