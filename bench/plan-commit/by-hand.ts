import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import path from "node:path";
import pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import type { BenchStep } from "./step.ts";

/** As `psql --single-transaction --file` does it: connect, BEGIN, the SQL as one text, COMMIT. */
export async function plainly(url: string, step: BenchStep): Promise<void> {
  await connected(url, async (client) => {
    await client.query("BEGIN");
    await client.query(step.sql);
    await client.query("COMMIT");
  });
}

/**
 * As a careful script does it: what is touched is copied to a file with its digest and is on the disk, then the SQL, and the
 * same evidence as the plan asks, before (where it speaks of a change) and after, in one transaction.
 */
export async function carefully(url: string, step: BenchStep, directory: string, name: string): Promise<void> {
  await connected(url, async (client) => {
    await client.query("BEGIN");
    await client.query(`LOCK TABLE ${step.touched} IN SHARE ROW EXCLUSIVE MODE`);
    await copyOut(client, step.touched, path.join(directory, name));
    const before = new Map<string, string>();
    for (const { name: what, sql, expect } of step.evidence)
      if (!("equals" in expect)) before.set(what, await value(client, sql));
    await client.query(step.sql);
    for (const { name: what, sql, expect } of step.evidence) {
      const should = "equals" in expect ? String(expect.equals) : before.get(what);
      if ((await value(client, sql)) !== should) throw new Error(`“${what}” does not hold`);
    }
    await client.query("COMMIT");
  });
}

async function connected(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

async function value(client: pg.Client, sql: string): Promise<string> {
  const { rows } = await client.query<{ answer: string }>(
    `SELECT to_jsonb(answer)::text AS answer FROM (${sql}) AS one (answer)`,
  );
  return rows[0]?.answer ?? "null";
}

async function copyOut(client: pg.Client, table: string, file: string): Promise<void> {
  const hash = createHash("sha256");
  const handle = await open(file, "wx", 0o600);
  try {
    for await (const chunk of client.query(copyTo(`COPY ${table} TO STDOUT`))) {
      hash.update(chunk as Buffer);
      await handle.write(chunk as Buffer);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  const digest = await open(`${file}.sha256`, "wx", 0o600);
  await digest.write(`${hash.digest("hex")}\n`);
  await digest.close();
}
