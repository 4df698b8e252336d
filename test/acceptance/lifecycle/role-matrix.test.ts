import pg from "pg";
import t, { type Test } from "tap";
import { creationDecision, type LifecycleRole, roleUrl } from "../../support/lifecycle.ts";
import { ask } from "../../support/runs.ts";
import { nobody, type Scene, setScene } from "./scene.ts";

t.setTimeout(120_000);

const roles = [
  "directus",
  "cutter_exec",
  "cutter_verify",
  "workflow_admin",
  "context_pack_readonly",
  "public",
] as const;
const privileges = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"] as const;

type Role = (typeof roles)[number];
type Privilege = (typeof privileges)[number];

const address = "ICX-CONST/DIEU-7";
const readers: readonly Role[] = ["directus", "cutter_exec", "cutter_verify", "workflow_admin"];

/** What the LIFECYCLE document lets be read; of the base tables it says nothing, and the fixture has what was chosen. */
const mayRead: Readonly<Record<string, readonly Role[]>> = {
  "public.information_unit": readers,
  "public.unit_version": readers,
  "public.dot_config": readers,
  "public.iu_lifecycle_vocab": roles,
  "public.iu_lifecycle_log": [...readers, "context_pack_readonly"],
  "cutter_governance.review_decision": readers,
  "cutter_governance.cut_change_set": readers,
};

/** The tables that are closed to their owner as well, but for what the canonical functions write. */
const closed = [
  "public.information_unit",
  "public.unit_version",
  "public.iu_lifecycle_vocab",
  "public.iu_lifecycle_log",
];

const inserted: Readonly<Record<string, string>> = {
  "public.information_unit": "(id, canonical_address) VALUES (gen_random_uuid(), 'MATRIX/A')",
  "public.unit_version": `(id, unit_id, version_seq, body, content_digest)
    VALUES (gen_random_uuid(), '${nobody}', 9, 'x', 'sha256:' || encode(sha256('x'), 'hex'))`,
  "public.dot_config": "(key, value) VALUES ('matrix', 'x')",
  "public.iu_lifecycle_vocab": "(code, name, sort_order) VALUES ('matrix', 'x', 99)",
  "public.iu_lifecycle_log": `(iu_id, uv_id, canonical_address, transition_type, from_status, to_status, actor, uv_content_digest)
    VALUES ('${nobody}', '${nobody}', 'MATRIX/A', 'enact', 'draft', 'enacted', 'x', 'x')`,
  "cutter_governance.review_decision": `(id, decision_kind, decision, subjects, decided_by, decided_at)
    VALUES ('${nobody}', 'enactment', 'approve', '{ICX-CONST/*}', 'x', now())`,
  "cutter_governance.cut_change_set": `(id, title) VALUES ('${nobody}', 'x')`,
};

const keys: Readonly<Record<string, string>> = {
  "public.dot_config": "key",
  "public.iu_lifecycle_vocab": "code",
  "public.iu_lifecycle_log": "log_id",
};

function statement(privilege: Privilege, table: string): string {
  const key = keys[table] ?? "id";
  const statements: Record<Privilege, string> = {
    SELECT: `SELECT * FROM ${table}`,
    INSERT: `INSERT INTO ${table} ${inserted[table]}`,
    UPDATE: `UPDATE ${table} SET ${key} = DEFAULT WHERE false`,
    DELETE: `DELETE FROM ${table} WHERE false`,
    TRUNCATE: `TRUNCATE ${table} CASCADE`,
    REFERENCES: `CREATE TABLE scratch.matrix (LIKE ${table}, FOREIGN KEY (${key}) REFERENCES ${table} (${key}))`,
    TRIGGER: `CREATE TRIGGER matrix AFTER INSERT ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION scratch.trigger()`,
  };
  return statements[privilege];
}

interface Outcome {
  /** "" where it was let through. */
  readonly sqlstate: string;
  readonly message: string;
  readonly rows: readonly unknown[];
}

/** One connection of a role, everything on which is taken back. */
interface Session {
  readonly attempt: (...statements: readonly string[]) => Promise<Outcome>;
}

async function sessionOf(t: Test, { target }: Scene, role: LifecycleRole): Promise<Session> {
  // The owner cannot log in: whoever is a member of it works as the owner.
  const url = role === "directus" ? target.url : await roleUrl(t, target, role);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  t.teardown(() => client.end());
  if (role === "directus") await client.query("SET ROLE directus");
  return {
    attempt: async (...statements) => {
      await client.query("BEGIN");
      try {
        let rows: unknown[] = [];
        for (const one of statements) rows = (await client.query<Record<string, unknown>>(one)).rows;
        return { sqlstate: "", message: "", rows };
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) throw error;
        return { sqlstate: error.code ?? "", message: error.message, rows: [] };
      } finally {
        await client.query("ROLLBACK");
      }
    },
  };
}

t.test("LIFE-3 every cell of the role matrix, by a connection of that role", async (t) => {
  const scene = await setScene(t);
  const { target } = scene;
  // Where everybody may make tables, so that it is the privilege on the other table that decides; and two ways around.
  await ask(
    target.superUrl,
    `CREATE SCHEMA scratch; GRANT USAGE, CREATE ON SCHEMA scratch TO PUBLIC;
     CREATE FUNCTION scratch.trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; SET ROLE directus;
     CREATE VIEW scratch.units AS SELECT * FROM public.information_unit; GRANT ALL ON scratch.units TO PUBLIC;
     CREATE FUNCTION scratch.title() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS
       'BEGIN UPDATE public.information_unit SET title = NULL; END'`,
  );
  const enactment = await scene.decide("enactment", ["ICX-CONST/*"]);
  const retirement = await scene.decide("retirement", ["ICX-CONST/*"]);
  const amendment = await scene.decide("amendment", ["ICX-CONST/*"]);
  const before = await scene.digest();
  for (const role of roles) {
    await t.test(`LIFE-3 ${role}`, async (t) => {
      const session = await sessionOf(t, scene, role);
      await tables(t, session, role);
      await waysAround(t, session, role);
      await functions(t, session, role, { enactment, retirement, amendment });
      t.equal(await scene.digest(), before, "row counts and digests are unchanged");
    });
  }

  await t.test("LIFE-3 no role of the document logs in itself", async (t) => {
    for (const role of roles.filter((one) => one !== "public")) {
      const url = new URL(target.superUrl);
      url.username = role;
      await t.rejects(ask(url.href, "SELECT 1"), { code: /^28/ }, role);
    }
  });
});

async function tables(t: Test, session: Session, role: Role): Promise<void> {
  for (const [table, allowed] of Object.entries(mayRead)) {
    for (const privilege of privileges) {
      const owns =
        role === "directus" && (privilege === "REFERENCES" || privilege === "TRIGGER" || !closed.includes(table));
      const may = privilege === "SELECT" ? allowed.includes(role) : owns;
      const { sqlstate, message } = await session.attempt(statement(privilege, table));
      t.equal(sqlstate, may ? "" : "42501", `${role}: ${privilege} on ${table} ${message}`);
      if (role === "directus" && !may)
        t.match(message, /^(IU Gateway blocked: direct|iu_lifecycle_log is append-only)/);
    }
  }
}

const forged = [
  "fn_iu_create",
  "fn_iu_apply_edit_draft",
  "fn_iu_enact",
  "fn_iu_supersede",
  "fn_iu_retire",
  "fn_iu_amend_identity_profile",
];

async function waysAround(t: Test, { attempt }: Session, role: Role): Promise<void> {
  const enact = `UPDATE public.information_unit SET lifecycle_status = 'enacted' WHERE canonical_address = '${address}'`;
  for (const marker of forged) {
    const set = `SELECT set_config('app.canonical_writer', '${marker}', true)`;
    t.equal((await attempt(set, enact)).sqlstate, "42501", `with the forged marker ${marker}`);
    t.equal((await attempt(set, `DO $$ BEGIN ${enact}; END $$`)).sqlstate, "42501", `in a block, with ${marker}`);
  }
  t.equal((await attempt("SET LOCAL session_replication_role = replica", enact)).sqlstate, "42501", "as a replica");
  const blocked = { sqlstate: "42501", message: /^IU Gateway blocked: direct/ };
  for (const write of [
    "UPDATE scratch.units SET title = NULL",
    "DELETE FROM scratch.units",
    "INSERT INTO scratch.units (id, canonical_address) VALUES (gen_random_uuid(), 'A/B')",
  ])
    t.match(await attempt(write), blocked, `through a view: ${write}`);
  t.match(await attempt("SELECT scratch.title()"), blocked, "through a function of the owner");
  const own = `CREATE FUNCTION scratch.fn_iu_enact() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS 'BEGIN ${enact.replaceAll("'", "''")}; END'`;
  t.equal(
    (await attempt(own, "SET LOCAL app.canonical_writer = 'fn_iu_enact'", "SELECT scratch.fn_iu_enact()")).sqlstate,
    "42501",
    "through a function of its own with the right name",
  );
  for (const off of ["DISABLE TRIGGER ALL", "DISABLE TRIGGER USER", "NO FORCE ROW LEVEL SECURITY"]) {
    if (role !== "directus")
      t.equal((await attempt(`ALTER TABLE public.information_unit ${off}`)).sqlstate, "42501", off);
  }
}

type Decisions = Readonly<Record<"enactment" | "retirement" | "amendment", string>>;

async function functions(t: Test, { attempt }: Session, role: Role, decisions: Decisions): Promise<void> {
  const { enactment, retirement, amendment } = decisions;
  const enact = (dry: boolean) =>
    `public.fn_iu_enact('${address}', 'matrix', '${enactment}', 'enacted', NULL, NULL, NULL, ${dry})`;
  const retire = (dry: boolean) =>
    `public.fn_iu_retire('${address}', 'matrix', '${retirement}', NULL, 'matrix', NULL, ${dry})`;
  const amend = (dry: boolean) =>
    `public.fn_iu_amend_identity_profile('${address}', '{"publication_authority_ref": "m"}', 'matrix', '${amendment}', NULL, NULL, ${dry})`;
  const both: readonly Role[] = ["directus", "cutter_exec", "workflow_admin"];
  const exec: readonly Role[] = ["directus", "cutter_exec"];
  const record = `cutter_governance.fn_record_review_decision('${nobody}', 'enactment', 'approve', '{ICX-CONST/*}', NULL, NULL, 'council', now())`;
  const cells: readonly (readonly [call: string, allowed: readonly Role[], answer: unknown])[] = [
    [enact(true), both, { status: "plan_ok" }],
    [enact(false), both, { status: "enacted" }],
    [
      `public.fn_iu_supersede('${address}', '${nobody}', '${nobody}', 'matrix', NULL, NULL, NULL, NULL, false)`,
      both,
      { status: "self_supersession" },
    ],
    [retire(true), both, { status: "plan_ok" }],
    [retire(false), both, { status: "retired" }],
    [amend(true), exec, { status: "plan_ok" }],
    [amend(false), exec, { status: "amended" }],
    [
      `public.fn_iu_create('ICX-CONST/MATRIX', 't', 'article', 'body', 'matrix', '${creationDecision}')`,
      exec,
      { status: "created" },
    ],
    [`public.fn_iu_apply_edit_draft('${address}', 't', 'body', 'matrix')`, exec, { status: "edited" }],
    [record, ["directus"], "recorded"],
    ["(SELECT sum(violations)::int FROM public.fn_iu_verify_invariants())", readers, 0],
    [`public.fn_iu_decision_refusal('${address}', 'enactment', '${enactment}', NULL)`, ["directus"], null],
  ];
  for (const [call, allowed, answer] of cells) {
    const { sqlstate, rows, message } = await attempt(`SELECT ${call} AS answer`);
    t.equal(sqlstate, allowed.includes(role) ? "" : "42501", `${role}: ${call} ${message}`);
    if (allowed.includes(role)) t.match(rows, [{ answer }]);
  }
  const triggers = [
    "fn_iu_gateway_write_guard",
    "fn_iu_enacted_immut",
    "fn_uv_enacted_immut",
    "fn_iu_lifecycle_log_append_only",
    "fn_iu_birth_l1",
  ];
  for (const name of triggers) {
    const { sqlstate } = await attempt(`SELECT public.${name}()`);
    t.equal(sqlstate, role === "directus" ? "0A000" : "42501", `${role}: ${name} is for triggers`);
  }
}
