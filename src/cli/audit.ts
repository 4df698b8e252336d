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
  audit
    .command("events")
    .option("--actor <name>")
    .option("--action <action>")
    .option("--resource-type <type>")
    .option("--resource-id <id>")
    .option("--limit <n>")
    .option("--cursor <cursor>")
    .action(({ resourceType, resourceId, ...query }: Record<string, string>) =>
      run(async () => {
        const filter = { ...query, resource_type: resourceType, resource_id: resourceId };
        const value = await connect("auditor").client.auditEvents(filter);
        const rows = value.items.map((one) => [one.seq, one.occurred_at, one.actor, one.action, one.resource_id]);
        return { value, text: table(["seq", "at", "actor", "action", "resource"], rows) };
      }),
    );
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
    .argument("<seq>")
    .option("--size <n>", "of a signed head; the latest if absent")
    .action((seq: string, { size }: { size?: string }) =>
      run(async () => {
        const value = await connect("auditor").client.proveInclusion({ seq, size });
        return { value, text: JSON.stringify(value, null, 2) };
      }),
    );
  audit
    .command("export")
    .description("write the whole log to a file, for `audit verify`")
    .argument("<file>")
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
        return { value: { file, size: head.size }, text: `${file}: ${head.size} leaves${without}` };
      }),
    );
  addVerifyCommand(audit, run);
  addRetainCommand(audit, run, many);
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
