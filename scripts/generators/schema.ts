import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { provision, startEmbedded } from "../../src/database/embedded/index.ts";
import { migrate, openDatabase, type Tx } from "../../src/database/index.ts";
import { createSchema, readCatalog } from "../../src/runs/builds/c1-vocabulary/index.ts";
import type { Generator } from "../generator.ts";

/** Each part of the dump: its heading, and a query of one column `line` in a fixed order. */
const parts: readonly { heading: string; query: string }[] = [
  {
    heading: "Tables and columns",
    query: `SELECT format('%s.%s %s%s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
              CASE WHEN a.attnotnull THEN ' not null' ELSE '' END,
              CASE WHEN a.attidentity <> '' THEN ' identity' ELSE '' END,
              coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')) AS line
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname, a.attnum`,
  },
  {
    // Without the bounds: they are those of the month in which a database was made.
    heading: "Partitions",
    query: `SELECT format('%s: %s', c.relname, coalesce('partition of ' || i.inhparent::regclass, pg_get_partkeydef(c.oid))) AS line
       FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND (c.relkind = 'p' OR c.relispartition)
      ORDER BY c.relname`,
  },
  {
    heading: "Constraints",
    query: `SELECT format('%s: %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS line
       FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype <> 'n'
      ORDER BY conrelid::regclass::text, conname`,
  },
  {
    heading: "Indexes",
    query: "SELECT indexdef AS line FROM pg_indexes WHERE schemaname = 'public' ORDER BY tablename, indexname",
  },
  {
    heading: "Functions",
    query: `SELECT format('%s-- owner %s, executable by %s', pg_get_functiondef(oid), proowner::regrole,
              coalesce(array_to_string(ARRAY(SELECT unnest(proacl)::text ORDER BY 1), ' '), 'public')) AS line
       FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY proname`,
  },
  {
    heading: "Triggers (O fires by origin, A always)",
    query: `SELECT format('%s [%s]', pg_get_triggerdef(oid), tgenabled) AS line FROM pg_trigger
      WHERE NOT tgisinternal ORDER BY tgrelid::regclass::text, tgname`,
  },
  {
    heading: "Privileges on tables",
    query: `SELECT format('%s: %s', relname, array_to_string(ARRAY(SELECT unnest(relacl)::text ORDER BY 1), ' ')) AS line
       FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S') ORDER BY relname`,
  },
  {
    heading: "Privileges on columns",
    query: `SELECT format('%s.%s: %s', c.relname, a.attname, array_to_string(ARRAY(SELECT unnest(a.attacl)::text ORDER BY 1), ' ')) AS line
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.relnamespace = 'public'::regnamespace AND a.attacl IS NOT NULL ORDER BY c.relname, a.attnum`,
  },
  {
    heading: "Action types that every database starts with",
    query: `SELECT format('%s: %s, %s, quorum %s (council %s), %s', action_code, handler_ref, risk_level, quorum, council_quorum, status) AS line
       FROM apr_action_types ORDER BY action_code`,
  },
];

/** One for all months: which of them there are depends on when the migrations ran, and what they are like does not. */
function monthless(lines: readonly string[]): readonly string[] {
  return [...new Set(lines.map((line) => line.replace(/\baudit_events_\d{4}_\d{2}(?!\d)/g, "audit_events_YYYY_MM")))];
}

/** The schema of the control database, the same in every month. @param tx as the owner of the tables */
export async function dump(tx: Tx): Promise<string> {
  const sections: string[] = [];
  for (const { heading, query } of parts) {
    const { rows } = await tx.query<{ line: string }>(query);
    sections.push(`-- ${heading}\n\n${monthless(rows.map(({ line }) => line)).join("\n")}\n`);
  }
  return `-- The schema as the migrations leave it, read from the catalog: what a migration really did shows here.\n-- Generated; \`npm run generate\` writes it.\n\n${sections.join("\n")}`;
}

/** The schema that a build makes in a target, as the catalog has it: made and rolled back. */
async function c1Catalog(tx: Tx): Promise<string> {
  await createSchema(tx);
  return `${JSON.stringify(sorted(await readCatalog(tx)), null, 2)}\n`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}

async function read(url: string, work: (tx: Tx) => Promise<string>): Promise<string> {
  const database = openDatabase({ url, poolSize: 1 });
  try {
    return await database.transact(work, { rollback: true });
  } finally {
    await database.close();
  }
}

/** The committed pictures of the schemas: the control database's, and what builds make in a target. */
const schema: Generator = {
  name: "schema dump",
  async produce() {
    const dataDir = await mkdtemp(join(tmpdir(), "countersign-schema-"));
    const server = await startEmbedded({ dataDir, settings: { fsync: "off" }, log: () => undefined });
    try {
      const { ownerUrl, targetUrl } = await provision(server);
      await migrate({ ownerUrl });
      return new Map([
        ["migrations/schema.sql", await read(ownerUrl, dump)],
        ["migrations/builds/c1-vocabulary.catalog.json", await read(targetUrl, c1Catalog)],
      ]);
    } finally {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};

export default schema;
