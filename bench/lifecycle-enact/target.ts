import pg from "pg";
import { createDatabase, type EmbeddedServer } from "../../src/database/embedded/index.ts";
import { installPlan } from "../../test/support/lifecycle.ts";
import { planFile } from "../../test/support/plans.ts";

/** Whose login TARGETS would name. */
export const login = "countersign_target";
/** Approves the enactment of every unit. */
export const decision = "b0000000-0000-4000-8000-000000000001";

/** A target with the whole gateway, and units. */
export interface BenchTarget {
  readonly name: string;
  readonly units: number;
  readonly versions: number;
  readonly url: string;
  readonly superUrl: string;
}

/** Fixture and both plans, then as many units more as are asked for: drafts, and half as many enacted ones with their log. */
export async function makeTarget(server: EmbeddedServer, name: string, units: number): Promise<BenchTarget> {
  await createDatabase(server, name, login);
  const url = server.url(name, { user: login, password: server.roles.countersign_target });
  const superUrl = server.url(name);
  const superuser = new pg.Client({ connectionString: superUrl });
  await superuser.connect();
  try {
    await superuser.query(await planFile("fixtures/lifecycle.sql"));
    await superuser.query(`GRANT directus TO ${login}`);
    for (const plan of ["lifecycle-enactment.yaml", "lifecycle-backlog.yaml"]) await installPlan({ url }, plan);
    await superuser.query(
      `INSERT INTO cutter_governance.review_decision (id, decision_kind, decision, subjects, decided_by, decided_at)
       VALUES ($1, 'enactment', 'approve', '{ICX-CONST/*,BENCH/*}', 'bench', now())`,
      [decision],
    );
    if (units > 158) await withoutTriggers(superuser, () => fill(superuser, units - 158));
    await superuser.query("VACUUM ANALYZE");
    const { rows } = await superuser.query<{ units: string; versions: string }>(
      "SELECT (SELECT count(*) FROM public.information_unit) AS units, (SELECT count(*) FROM public.unit_version) AS versions",
    );
    return { name, url, superUrl, units: Number(rows[0]?.units), versions: Number(rows[0]?.versions) };
  } finally {
    await superuser.end();
  }
}

const tables = ["information_unit", "unit_version", "birth_registry", "iu_lifecycle_log"].map(
  (name) => `public.${name}`,
);

/** A million units through the gateway would take hours; the triggers are afterwards as they were. */
async function withoutTriggers(superuser: pg.Client, work: () => Promise<void>): Promise<void> {
  const { rows } = await superuser.query<{ on_table: string; name: string; mode: string }>(
    `SELECT tgrelid::regclass::text AS on_table, quote_ident(tgname) AS name, tgenabled AS mode FROM pg_trigger
      WHERE tgrelid = ANY ($1::regclass[])`,
    [tables],
  );
  const words: Readonly<Record<string, string>> = {
    O: "ENABLE",
    A: "ENABLE ALWAYS",
    R: "ENABLE REPLICA",
    D: "DISABLE",
  };
  await superuser.query(tables.map((name) => `ALTER TABLE ${name} DISABLE TRIGGER ALL`).join(";"));
  await work();
  const back = rows.map(({ on_table, name, mode }) => `ALTER TABLE ${on_table} ${words[mode]} TRIGGER ${name}`);
  await superuser.query(back.join(";"));
}

async function fill(superuser: pg.Client, count: number): Promise<void> {
  // As many second versions as the fixture has: 7 of 158. Every other unit is enacted and in the log.
  await superuser.query(`
    INSERT INTO public.information_unit (id, canonical_address, title, unit_kind, lifecycle_status, version_anchor_ref, _dot_origin)
    SELECT md5('unit:' || n)::uuid, 'BENCH/U-' || n, 'Unit ' || n, 'clause', CASE WHEN n % 2 = 0 THEN 'enacted' ELSE 'draft' END,
           md5('version:' || n || CASE WHEN n % 158 < 7 THEN ':2' ELSE ':1' END)::uuid, 'BENCH'
      FROM generate_series(1, ${count}) AS n;
    INSERT INTO public.unit_version (id, unit_id, version_seq, title, body, content_digest, lifecycle_status, enacted_at)
    SELECT md5('version:' || n || ':' || s)::uuid, md5('unit:' || n)::uuid, s, 'Unit ' || n, b.body,
           'sha256:' || encode(sha256(convert_to(b.body, 'UTF8')), 'hex'),
           CASE WHEN n % 2 = 0 AND s = CASE WHEN n % 158 < 7 THEN 2 ELSE 1 END THEN 'enacted' ELSE 'draft' END,
           CASE WHEN n % 2 = 0 AND s = CASE WHEN n % 158 < 7 THEN 2 ELSE 1 END THEN now() END
      FROM generate_series(1, ${count}) AS n CROSS JOIN generate_series(1, 2) AS s
     CROSS JOIN LATERAL (SELECT 'Unit ' || n || '. Version ' || s || '.' AS body) AS b
     WHERE s = 1 OR n % 158 < 7;
    INSERT INTO public.birth_registry (collection_name, entity_code)
    SELECT 'information_unit', 'BENCH/U-' || n FROM generate_series(1, ${count}) AS n;
    INSERT INTO public.iu_lifecycle_log (iu_id, uv_id, canonical_address, transition_type, from_status, to_status, actor,
                                         review_decision_id, reason, run_ref, uv_content_digest)
    SELECT u.id, v.id, u.canonical_address, 'enact', 'draft', 'enacted', 'bench', '${decision}', 'To be there.',
           'fill-' || (v.version_seq), v.content_digest
      FROM public.information_unit AS u JOIN public.unit_version AS v ON v.id = u.version_anchor_ref
     WHERE u.lifecycle_status = 'enacted'`);
}
