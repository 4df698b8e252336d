import { constants, createReadStream } from "node:fs";
import { access, open, readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Command } from "commander";
import { readConfig } from "../config.ts";
import { parseVerifierKey, verifyExport } from "../evidence/index.ts";
import { canonicalJson } from "../kernel/json.ts";
import { verifyOnDatabase } from "../verify-log.ts";
import type { Connect } from "./approvals.ts";
import { addRetainCommand } from "./audit-retain.ts";
import { UsageError } from "./connection.ts";
import { table } from "./output.ts";
import { listed, withPaging } from "./pages.ts";
import { jsonText, said } from "./terminal.ts";
import type { Run } from "./tokens.ts";

interface VerifyOptions {
  readonly key?: readonly string[];
  readonly witness?: readonly string[];
  readonly since?: readonly string[];
  readonly database?: boolean;
}

const many = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** The audit log: what it says, and whether it is what was signed (AUDIT-2). */
export function addAuditCommands(program: Command, run: Run, connect: Connect): void {
  const audit = program.command("audit").description("the append-only log");
  withPaging(
    audit
      .command("events")
      .description("what has happened, newest first")
      .option("--actor <name>", "by this principal alone")
      .option("--action <action>", "of this kind alone, as grant.consumed")
      .option("--resource-type <type>", "of this type alone, as grant")
      .option("--resource-id <id>", "of this resource alone")
      .option("--from <time>", "not before; RFC 3339, as 2026-06-23T08:15:30.250Z")
      .option("--to <time>", "before this time"),
  ).action(({ resourceType, resourceId, ...query }: Record<string, string>) =>
    run(() =>
      listed(
        { ...query, resource_type: resourceType, resource_id: resourceId },
        (page) => connect("auditor").client.auditEvents(page),
        ["seq", "at", "actor", "action", "resource"],
        (one) => [one.seq, one.occurred_at, one.actor, one.action, one.resource_id],
      ),
    ),
  );
  addProofCommands(audit, run, connect);
  audit
    .command("export")
    .description("write the whole log to a file, for `audit verify`")
    .argument("<file>", "where to; must not exist")
    .action((file: string) =>
      run(async () => {
        const { client } = connect("auditor");
        const head = await client.auditCheckpoint();
        const to = await open(file, "wx", 0o600);
        const elsewhere = new Set<string>();
        try {
          await to.write(`${canonicalJson({ format: "countersign-log/1", ...head })}\n`);
          for (let start: number | null = 0; start !== null && start < head.size; ) {
            const limit = Math.min(1_000, head.size - start);
            const page: Awaited<ReturnType<typeof client.auditLeaves>> = await client.auditLeaves({
              start: String(start),
              limit: String(limit),
            });
            const named = page.retained.filter(({ sha256 }) => !elsewhere.has(sha256));
            for (const part of named) elsewhere.add(part.sha256);
            const lines = [...named.map((retained) => ({ retained })), ...page.items];
            await to.write(lines.map((line) => `${canonicalJson(line)}\n`).join(""));
            start = start + limit < head.size ? page.next : null;
          }
        } finally {
          await to.close();
        }
        const without = elsewhere.size === 0 ? "" : `; those of ${elsewhere.size} retained months are in their files`;
        return { value: { file, size: head.size }, text: said`${file}: ${head.size} leaves${without}` };
      }),
    );
  addVerifyCommand(audit, run);
  addRetainCommand(audit, run, many);
}

/** Heads, proofs and leaves, as they are. */
function addProofCommands(audit: Command, run: Run, connect: Connect): void {
  audit
    .command("checkpoint")
    .description("the signed head of the log; keep it somewhere else")
    .action(() =>
      run(async () => {
        const value = await connect("auditor").client.auditCheckpoint();
        return { value, text: value.note.trimEnd() };
      }),
    );
  audit
    .command("prove")
    .description("the proof that an event is in the log")
    .argument("<seq>", "the number of an event")
    .option("--size <n>", "of a signed head; the latest if absent")
    .action((seq: string, { size }: { size?: string }) =>
      run(async () => {
        const value = await connect("auditor").client.proveInclusion({ seq, size });
        return { value, text: jsonText(value, 2) };
      }),
    );
  audit
    .command("prove-growth")
    .description("the proof that the log of one size is a beginning of the log of another")
    .argument("<first>", "the smaller size")
    .argument("<second>", "the larger size")
    .action((first: string, second: string) =>
      run(async () => {
        const value = await connect("auditor").client.proveConsistency({ first, second });
        return { value, text: jsonText(value, 2) };
      }),
    );
  audit
    .command("leaves")
    .description("what the log is made of, in its order")
    .option("--start <n>", "the first leaf, from 0")
    .option("--limit <n>", "how many")
    .action((query: Record<string, string>) =>
      run(async () => {
        const value = await connect("auditor").client.auditLeaves(query);
        return { value, text: jsonText(value, 2) };
      }),
    );
}

function addVerifyCommand(audit: Command, run: Run): void {
  audit
    .command("verify")
    .description("work the log out again from an export, off-line; exit 1 when a claim is not proved")
    .argument(
      "[files...]",
      "an export, with the files of the months that were retained; of --database those files alone",
    )
    .option("--key <vkey>", "the log's key, as you have kept it", many)
    .option("--witness <vkey>", "a witness that must have signed", many)
    .option("--since <file>", "a signed head that you have kept", many)
    .option("--database", "the log where it is (DATA_DIR or DATABASE_URL), in place of an export")
    .action((files: readonly string[], options: VerifyOptions) =>
      run(async () => {
        if (files.length === 0 && options.database !== true) {
          throw new UsageError("say the files of an export, or --database");
        }
        for (const file of [...files, ...(options.since ?? [])]) {
          await access(file, constants.R_OK).catch(() => {
            throw new UsageError(`cannot read ${file}`);
          });
        }
        const earlier = await Promise.all((options.since ?? []).map((path) => readFile(path, "utf8")));
        const value =
          options.database === true
            ? await verifyOnDatabase(readConfig(), options.key ?? [], earlier, files)
            : await verifyExport(
                files.map((file) =>
                  createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY }),
                ),
                {
                  keys: (options.key ?? []).map(parseVerifierKey),
                  witnesses: (options.witness ?? []).map(parseVerifierKey),
                  earlier,
                },
              );
        const rows = value.findings.map((one) => [one.proved ? "proved" : "NOT PROVED", one.claim, one.detail]);
        return { value, code: value.passed ? 0 : 1, text: table(["", "claim", "by"], rows) };
      }),
    );
}
