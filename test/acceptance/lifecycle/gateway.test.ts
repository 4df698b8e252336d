import process from "node:process";
import fc from "fast-check";
import pg from "pg";
import t, { type Test } from "tap";
import { changeSet, enactmentDecision, installPlan, recordEnactment, useUnits } from "../../support/lifecycle.ts";
import type { Target } from "../../support/runs.ts";
import {
  type Governed,
  governed,
  imitating,
  imitations,
  plainStatements,
  type Way,
  ways,
  words,
} from "./gateway-ways.ts";
import { governedRows } from "./governed-state.ts";

t.setTimeout(120_000);

/** Who writes: the superuser, the owner, and the login of the target, which is a member of the owner. */
const writers = ["", "SET LOCAL ROLE directus", "SET LOCAL ROLE countersign_owner"] as const;

interface Scene {
  readonly target: Target;
  readonly client: pg.Client;
}

/** The target after the roll-out, one unit enacted, and a schema for what is done to get past the gateway. */
async function setScene(t: Test): Promise<Scene> {
  const target = await useUnits(t);
  await recordEnactment(target);
  await installPlan(target, "lifecycle-enactment.yaml");
  await enact(target, "ICX-CONST/DIEU-1");
  await target.query(
    "CREATE SCHEMA evil; GRANT ALL ON SCHEMA evil TO PUBLIC; GRANT CREATE ON SCHEMA public TO directus",
  );
  await target.query(
    `DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO directus', current_database()); END $$`,
  );
  const client = new pg.Client({ connectionString: target.superUrl });
  await client.connect();
  t.teardown(() => client.end());
  return { target, client };
}

async function enact({ query }: Pick<Target, "query">, address: string): Promise<string | undefined> {
  const values = [address, "somebody", enactmentDecision, "enacted", changeSet, "In force.", null, false];
  const [row] = await query<{ status: string }>(
    "SELECT fn_iu_enact($1, $2, $3, $4, $5, $6, $7, $8) ->> 'status' AS status",
    values,
  );
  return row?.status;
}

/** Says it, and commits it if it was let through. @returns what it was refused with */
async function attempt({ client }: Scene, sql: string): Promise<pg.DatabaseError | undefined> {
  try {
    await client.query(`BEGIN; ${sql}; COMMIT`);
    return undefined;
  } catch (error) {
    return error as pg.DatabaseError;
  } finally {
    await client.query("ROLLBACK");
    await client.query("DEALLOCATE ALL");
  }
}

const saidBy = (writer: string, { before, say }: Way, statement: string) =>
  [before, writer, say(statement)].filter((part) => part !== undefined && part !== "").join("; ");

t.test(
  "LIFE-1 LIFE-2 nobody writes past the canonical functions, the owner and the superuser least of all",
  async (t) => {
    const scene = await setScene(t);
    const rows = await governedRows(scene.target);
    let tried = 0;
    const refuses = async (name: string, sql: string, expected: RegExp) => {
      const error = await attempt(scene, sql);
      tried += 1;
      if (error?.code !== "42501" || !expected.test(error.message))
        t.fail(`${name}: ${error?.message ?? "let through"}`, { sql });
    };

    for (const table of governed) {
      for (const writer of writers) {
        for (const [operation, statement] of plainStatements(table)) {
          await refuses(
            statement,
            saidBy(writer, { name: "", say: (sql) => sql }, statement),
            words(table.table, operation),
          );
        }
        for (const way of ways) {
          for (const [operation, statement] of oneOfEach(table))
            await refuses(`${way.name}: ${statement}`, saidBy(writer, way, statement), words(table.table, operation));
        }
      }
      t.same(await governedRows(scene.target), rows, `${table.table}: every row is as it was`);
    }
    t.ok(tried > 800, `${tried} attempts were refused with the words of the document`);
    t.equal(await enact(scene.target, "ICX-CONST/DIEU-2"), "enacted", "while the canonical function is let through");
  },
);

t.test("LIFE-1 no text of a statement passes for a call stack, whatever lines of one it has", async (t) => {
  const given = process.argv.find((argument) => argument.startsWith("--seed="))?.slice("--seed=".length);
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  t.comment(`seed ${seed}`);
  const scene = await setScene(t);
  const rows = await governedRows(scene.target);
  const lines = fc.array(fc.constantFrom(...imitations), { maxLength: 6 });
  const how = fc.constantFrom("EXECUTE" as const, "static" as const, "FOR" as const, "RETURN QUERY" as const);
  const property = fc.asyncProperty(lines, how, fc.constantFrom(...writers), async (texts, by, writer) => {
    const statement = "UPDATE public.information_unit SET title = 'forged'";
    const error = await attempt(scene, saidBy(writer, { name: "", say: imitating(texts, by) }, statement));
    return error?.code === "42501" && words("information_unit", "UPDATE").test(error.message);
  });
  await fc.assert(property, { seed, numRuns: 400 });
  t.same(await governedRows(scene.target), rows);
});

/** An insert, an update and a deletion. */
function oneOfEach(table: Governed): readonly (readonly ["INSERT" | "UPDATE" | "DELETE", string])[] {
  const name = `public.${table.table}`;
  return [
    ["INSERT", `INSERT INTO ${name} OVERRIDING SYSTEM VALUE SELECT * FROM ${name}`],
    ["UPDATE", `UPDATE ${name} SET ${table.column} = 'forged'`],
    ["DELETE", `DELETE FROM ${name}`],
  ];
}

/** What the owner or a superuser may make of the tables, and the write that they then try, or that a canonical function does. */
const structures: readonly (readonly [name: string, made: string, write: string, expected: RegExp])[] = [
  [
    "through a view",
    "CREATE VIEW evil.v AS SELECT * FROM public.information_unit",
    "UPDATE evil.v SET title = 'forged'",
    /^IU Gateway blocked: direct UPDATE on public\.information_unit by /,
  ],
  [
    "through a view with triggers of its own",
    `CREATE VIEW evil.w AS SELECT * FROM public.unit_version;
     CREATE FUNCTION evil.instead() RETURNS trigger LANGUAGE plpgsql AS
       $f$ BEGIN UPDATE public.unit_version SET title = NEW.title WHERE id = NEW.id; RETURN NEW; END $f$;
     CREATE TRIGGER instead INSTEAD OF UPDATE ON evil.w FOR EACH ROW EXECUTE FUNCTION evil.instead()`,
    "UPDATE evil.w SET title = 'forged'",
    /^IU Gateway blocked: direct UPDATE on public\.unit_version by /,
  ],
  [
    "through a view of the log",
    "CREATE VIEW evil.l AS SELECT * FROM public.iu_lifecycle_log",
    "DELETE FROM evil.l",
    /^iu_lifecycle_log is append-only: DELETE refused/,
  ],
  [
    "by a foreign key that cascades",
    `CREATE TABLE evil.kinds (kind text PRIMARY KEY); INSERT INTO evil.kinds SELECT DISTINCT unit_kind FROM public.information_unit;
     ALTER TABLE public.information_unit ADD CONSTRAINT evil_kind FOREIGN KEY (unit_kind) REFERENCES evil.kinds ON UPDATE CASCADE ON DELETE SET NULL`,
    "UPDATE evil.kinds SET kind = 'forged' WHERE kind = 'article'",
    /^IU Gateway blocked: direct UPDATE on public\.information_unit by /,
  ],
  [
    "by a table that units were made a part of",
    `CREATE TABLE evil.parent (LIKE public.information_unit); ALTER TABLE public.information_unit INHERIT evil.parent`,
    "UPDATE evil.parent SET title = 'forged'",
    /^IU Enacted immutable: public\.information_unit is a part of another table/,
  ],
  [
    "by a table that versions were made a part of",
    `CREATE TABLE evil.versions (LIKE public.unit_version); ALTER TABLE public.unit_version INHERIT evil.versions`,
    "DELETE FROM evil.versions",
    /^IU Enacted immutable: public\.unit_version is a part of another table/,
  ],
  [
    "by a table that the words were made a part of",
    `CREATE TABLE evil.words (LIKE public.iu_lifecycle_vocab); ALTER TABLE public.iu_lifecycle_vocab INHERIT evil.words`,
    "UPDATE evil.words SET name = 'forged'",
    /^IU Gateway blocked: direct UPDATE on public\.iu_lifecycle_vocab by /,
  ],
  [
    "by a partitioned table that the words were made a part of",
    `CREATE TABLE evil.parts (LIKE public.iu_lifecycle_vocab) PARTITION BY LIST (code);
     ALTER TABLE evil.parts ATTACH PARTITION public.iu_lifecycle_vocab DEFAULT`,
    "INSERT INTO evil.parts VALUES ('forged', 'forged', 1, NULL)",
    /^IU Gateway blocked: direct INSERT on public\.iu_lifecycle_vocab by /,
  ],
  [
    "by a table that the log was made a part of",
    `CREATE TABLE evil.logs (LIKE public.iu_lifecycle_log); ALTER TABLE public.iu_lifecycle_log INHERIT evil.logs`,
    "DELETE FROM evil.logs",
    /^iu_lifecycle_log is append-only: DELETE refused/,
  ],
  [
    "by a trigger, in the course of a canonical function",
    `CREATE FUNCTION evil.along() RETURNS trigger LANGUAGE plpgsql AS
       $f$ BEGIN UPDATE public.unit_version SET title = 'forged'; RETURN NULL; END $f$;
     CREATE TRIGGER zz_along AFTER UPDATE ON public.information_unit FOR EACH STATEMENT EXECUTE FUNCTION evil.along()`,
    "SELECT public.fn_iu_apply_edit_draft('ICX-CONST/DIEU-5', 'Another title', 'Another body.', 'somebody')",
    /^IU Gateway blocked: direct UPDATE on public\.unit_version by /,
  ],
  [
    "in a second function of a canonical name, owner, marker, path and all",
    `CREATE FUNCTION public.fn_iu_enact() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
       SET search_path = pg_catalog, pg_temp SET app.canonical_writer = 'fn_iu_enact'
       AS $f$ BEGIN UPDATE public.information_unit SET title = 'forged'; END $f$;
     ALTER FUNCTION public.fn_iu_enact() OWNER TO directus`,
    "SELECT public.fn_iu_enact()",
    /^IU Gateway blocked: direct UPDATE on public\.information_unit by /,
  ],
  [
    "in a function that was made canonical, and is not the owner's",
    `CREATE FUNCTION public.fn_iu_forge() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
       SET search_path = pg_catalog, pg_temp SET app.canonical_writer = 'fn_iu_forge'
       AS $f$ BEGIN UPDATE public.information_unit SET title = 'forged'; END $f$;
     UPDATE public.dot_config SET value = value || ',fn_iu_forge' WHERE key = 'iu_create.gateway.allowed_marker_values'`,
    "SELECT public.fn_iu_forge()",
    /^IU Gateway blocked: direct UPDATE on public\.information_unit by /,
  ],
  [
    "in a canonical function that was made to delete",
    `CREATE OR REPLACE FUNCTION public.fn_iu_apply_edit_draft(p_canonical_address text, p_title text, p_body text, p_actor text)
       RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER
       SET search_path = pg_catalog, pg_temp SET app.canonical_writer = 'fn_iu_apply_edit_draft'
       AS $f$ BEGIN DELETE FROM public.unit_version; RETURN NULL; END $f$`,
    "SELECT public.fn_iu_apply_edit_draft('', '', '', '')",
    /^IU Gateway blocked: direct DELETE on public\.unit_version by /,
  ],
  [
    "while the gateway is said not to be enforced",
    "UPDATE public.dot_config SET value = 'off' WHERE key = 'iu_create.gateway.mode'",
    "SELECT public.fn_iu_apply_edit_draft('ICX-CONST/DIEU-5', 'Another title', 'Another body.', 'somebody')",
    /^IU Gateway blocked: direct UPDATE on public\.unit_version by /,
  ],
];

t.test("LIFE-1 LIFE-2 what is built round the tables is no way past the gateway", async (t) => {
  const scene = await setScene(t);
  const rows = await governedRows(scene.target);
  const forged = "SET LOCAL session_replication_role = replica; SET LOCAL app.canonical_writer = 'fn_iu_enact'";
  for (const [name, made, write, expected] of structures) {
    for (const [mode, before] of [
      ["", "SELECT 1"],
      // Foreign keys and the triggers of others are left out in replica mode: then nothing is written at all.
      ...(/foreign key|trigger/.test(name) ? [] : [[", in replica mode and with a forged marker", forged] as const]),
    ] as const) {
      const error = await attempt(scene, `${made}; ${before}; ${write}`);
      t.match(error?.message ?? "let through", expected, `${name}${mode}`);
    }
  }
  t.same(await governedRows(scene.target), rows, "every row is as it was");
});

t.test("LIFE-1 the control: a row trigger that looks at the marker alone is walked past", async (t) => {
  const scene = await setScene(t);
  await scene.target.query(`
    CREATE TABLE evil.naive AS SELECT * FROM public.information_unit;
    CREATE FUNCTION evil.guard() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN
      IF current_setting('app.canonical_writer', true) = 'fn_iu_enact' THEN RETURN coalesce(NEW, OLD); END IF;
      RAISE EXCEPTION 'IU Gateway blocked: direct % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
    END $f$;
    CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON evil.naive FOR EACH ROW EXECUTE FUNCTION evil.guard()`);
  const count = async (what: string) =>
    (await scene.target.query<{ n: number }>(`SELECT count(*)::int AS n FROM evil.naive WHERE ${what}`))[0]?.n;
  for (const sql of [
    "UPDATE evil.naive SET title = 'forged'",
    "DELETE FROM evil.naive",
    "INSERT INTO evil.naive SELECT * FROM evil.naive",
  ])
    t.match(await attempt(scene, sql), { code: "42501", message: /^IU Gateway blocked/ }, `it does guard: ${sql}`);

  const update = "UPDATE evil.naive SET title = 'forged' WHERE canonical_address =";
  t.equal(
    await attempt(scene, `SET LOCAL app.canonical_writer = 'fn_iu_enact'; ${update} 'ICX-CONST/DIEU-0'`),
    undefined,
  );
  t.equal(await count("title = 'forged'"), 1, "but not against a forged marker");
  t.equal(
    await attempt(scene, `SET LOCAL session_replication_role = replica; ${update} 'ICX-CONST/DIEU-3'`),
    undefined,
  );
  t.equal(await count("title = 'forged'"), 2, "nor in replica mode");
  t.equal(await attempt(scene, "DELETE FROM evil.naive WHERE false"), undefined, "nor against a statement of no row");
  t.equal(await attempt(scene, "TRUNCATE evil.naive"), undefined);
  t.equal(await count("true"), 0, "nor against TRUNCATE");
});
