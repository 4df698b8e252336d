import t from "tap";
import type { VerificationReport } from "../../../src/lifecycle/index.ts";
import { failures, rewrite } from "../../lifecycle/verification-scene.ts";
import { expectStatus } from "../../support/flow.ts";
import { installPlan, roleUrl, useUnits } from "../../support/lifecycle.ts";
import { type Service, startService } from "../../support/service.ts";

t.setTimeout(160_000);

async function verify(service: Service): Promise<VerificationReport> {
  const answer = await expectStatus(
    service.call("POST", "/v1/lifecycle/verification", { as: "auditor", body: {} }),
    200,
  );
  return answer.body as unknown as VerificationReport;
}

/** Asks for the acceptance of what a report was about. */
async function accept(service: Service, { gateway_digest }: VerificationReport, named?: Record<string, string>) {
  const body = { gateway_digest, reason: "As it is.", ...(named === undefined ? {} : { accepted_bodies: named }) };
  return service.call("POST", "/v1/lifecycle/baselines", { as: "sovereign", body });
}

async function watch(service: Service): Promise<{ differences: { object: string }[]; opened: number[] }> {
  const { body } = await expectStatus(service.call("POST", "/v1/lifecycle/watch", { as: "operator", body: {} }), 200);
  return body as unknown as { differences: { object: string }[]; opened: number[] };
}

const guard = "public.fn_iu_gateway_write_guard()";
const recorder =
  "cutter_governance.fn_record_review_decision(uuid,text,text,text[],text,text,text,timestamp with time zone)";
const writer = (name: string): string =>
  `CREATE FUNCTION ${name}(k text, v text) RETURNS void LANGUAGE sql SECURITY DEFINER AS 'UPDATE public.dot_config SET value = v WHERE key = k'`;

interface Tampering {
  readonly what: string;
  /** As a superuser. */
  readonly sql: string;
  /** Undone by putting the function back where it is absent. */
  readonly undo?: string;
  /** A row of the report that fails. */
  readonly row: string;
  /** What the watch names. */
  readonly object: string;
}

const tamperings: readonly Tampering[] = [
  {
    what: "a back door in the guard",
    sql: `DO $do$ BEGIN EXECUTE replace(pg_get_functiondef('${guard}'::regprocedure), 'GET DIAGNOSTICS', 'IF v_marker = ''evil'' THEN RETURN NEW; END IF; GET DIAGNOSTICS'); END $do$`,
    row: "gateway_function_body_md5",
    object: `function ${guard}`,
  },
  {
    what: "a recorder that approves whatever was decided",
    sql: `CREATE OR REPLACE FUNCTION cutter_governance.fn_record_review_decision(p_id uuid, p_kind text, p_decision text, p_subjects text[], p_reason text,
            p_document_digest text, p_decided_by text, p_decided_at timestamptz) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
            INSERT INTO cutter_governance.review_decision VALUES (p_id, p_kind, 'approve', p_subjects, p_reason, p_document_digest, p_decided_by, p_decided_at) RETURNING 'recorded' $$`,
    row: "body cutter_governance.fn_record_review_decision",
    object: `function ${recorder}`,
  },
  {
    what: "a rule",
    sql: "CREATE RULE zz AS ON UPDATE TO public.information_unit DO INSTEAD NOTHING",
    undo: "DROP RULE zz ON public.information_unit",
    row: "rules public.information_unit",
    object: "rule public.information_unit.zz",
  },
  {
    what: "a rule that only adds",
    sql: "CREATE RULE zz AS ON UPDATE TO public.information_unit DO ALSO SELECT 1",
    undo: "DROP RULE zz ON public.information_unit",
    row: "rules public.information_unit",
    object: "rule public.information_unit.zz",
  },
  {
    what: "no check of the digest of a body",
    sql: "ALTER TABLE public.unit_version DROP CONSTRAINT unit_version_digest_of_body",
    undo: "ALTER TABLE public.unit_version ADD CONSTRAINT unit_version_digest_of_body CHECK (content_digest = 'sha256:' || encode(sha256(convert_to(body, 'UTF8')), 'hex'))",
    row: "constraints public.unit_version",
    object: "constraint public.unit_version.unit_version_digest_of_body",
  },
  {
    what: "a function of the owner's that writes the configuration for anybody",
    sql: `${writer("public.write_config")}; ALTER FUNCTION public.write_config(text, text) OWNER TO directus`,
    undo: "DROP FUNCTION public.write_config(text, text)",
    row: "doors",
    object: "function public.write_config(text,text)",
  },
  {
    what: "one in another schema",
    sql: `CREATE SCHEMA elsewhere; ${writer("elsewhere.w")}; ALTER FUNCTION elsewhere.w(text, text) OWNER TO directus`,
    undo: "DROP SCHEMA elsewhere CASCADE",
    row: "doors",
    object: "function elsewhere.w(text,text)",
  },
  {
    what: "one of a superuser's",
    sql: writer("public.write_config"),
    undo: "DROP FUNCTION public.write_config(text, text)",
    row: "doors",
    object: "function public.write_config(text,text)",
  },
  {
    what: "one of the login that is a member of the owner, with a name of the detector's",
    sql: `${writer("public.fn_iu_refused_writes")}; ALTER FUNCTION public.fn_iu_refused_writes(text, text) OWNER TO countersign_owner`,
    undo: "DROP FUNCTION public.fn_iu_refused_writes(text, text)",
    row: "doors",
    object: "function public.fn_iu_refused_writes(text,text)",
  },
];

t.test(
  "OPEN-10 a gateway that was tampered with is never accepted, and the watch of an accepted one names it",
  async (t) => {
    const target = await useUnits(t);
    await installPlan(target, "lifecycle-enactment.yaml");
    await installPlan(target, "lifecycle-backlog.yaml");
    const service = await startService(t, { targets: { default: target.url } });
    const definitions = await target.query<{ source: string }>(
      "SELECT pg_get_functiondef(f::regprocedure) AS source FROM unnest($1::text[]) AS f",
      [[guard, recorder]],
    );
    const putBack = definitions.map(({ source }) => source).join(";\n");
    const refused = async (what: string, row: string): Promise<void> => {
      const report = await verify(service);
      t.ok(failures(report).includes(row), `${what}: ${row}`);
      t.match({ passed: report.passed, acceptable: report.acceptable }, { passed: false, acceptable: false }, what);
      const named = { [guard]: "0".repeat(32), [recorder]: "0".repeat(32) };
      for (const bodies of [undefined, named, report.bodies_to_name])
        t.match(await accept(service, report, bodies), { status: 409, body: { code: "GATEWAY_INCOMPLETE" } }, what);
    };
    for (const { what, sql, undo, row } of tamperings) {
      await target.query(sql);
      await refused(what, row);
      await target.query(undo ?? putBack);
    }
    const sound = await verify(service);
    t.strictSame(failures(sound), [], "nothing is left of them");
    t.equal((await accept(service, sound)).status, 201);
    for (const { what, sql, undo, row, object } of tamperings) {
      await target.query(sql);
      await refused(`${what}, after an acceptance`, row);
      const { differences, opened } = await watch(service);
      t.ok(
        differences.some((one) => one.object === object),
        `${what}: ${JSON.stringify(differences)}`,
      );
      t.equal(opened.length, differences.length, `${what}: an incident`);
      await target.query(undo ?? putBack);
      t.strictSame((await watch(service)).differences, [], `${what}, put back`);
    }
    // The last, as it goes with the test only.
    const login = new URL(await roleUrl(t, target, "directus")).username;
    await refused("a login that is a member of the owner", "members directus");
    const page = await service.call("POST", "/v1/lifecycle/verification", {
      as: "auditor",
      body: {},
      headers: { accept: "text/html" },
    });
    t.match(page.text, login, "it is on the page");
    const { differences, opened } = await watch(service);
    t.match(differences, [{ object: `membership of ${login} in directus` }]);
    t.equal(opened.length, 1);
  },
);

t.test("OPEN-10 of another base a sovereign names the guard and the recorder by their digests, once", async (t) => {
  const target = await useUnits(t);
  await installPlan(target, "lifecycle-enactment.yaml");
  await rewrite(target, "of another house");
  const service = await startService(t, { targets: { default: target.url } });
  const first = await verify(service);
  t.match(first, { passed: false, acceptable: true });
  t.strictSame(Object.keys(first.bodies_to_name).toSorted(), [recorder, guard]);
  const none = await accept(service, first);
  const pointers = [recorder, guard].map((signature) => ({ pointer: `/accepted_bodies/${signature}` }));
  t.match(none, { status: 409, body: { code: "GATEWAY_INCOMPLETE", errors: pointers } });
  for (const md5 of Object.values(first.bodies_to_name)) t.match(none.text, md5, "and says which they are");
  const half = { [guard]: first.bodies_to_name[guard] ?? "" };
  t.match(await accept(service, first, half), {
    status: 409,
    body: { code: "GATEWAY_INCOMPLETE", errors: [{ pointer: `/accepted_bodies/${recorder}` }] },
  });
  const wrong = { ...first.bodies_to_name, [guard]: "0".repeat(32) };
  t.match(await accept(service, first, wrong), {
    status: 409,
    body: { errors: [{ pointer: `/accepted_bodies/${guard}` }] },
  });
  t.match(await accept(service, first, { [guard]: "not a digest" }), {
    status: 400,
    body: { code: "INVALID_REQUEST" },
  });
  t.equal((await accept(service, first, first.bodies_to_name)).status, 201);
  const events = await expectStatus(
    service.call("GET", "/v1/audit/events?action=gateway.accepted", { as: "auditor" }),
    200,
  );
  t.match(events.body, { items: [{ after: { accepted_bodies: first.bodies_to_name } }] });

  const accepted = await verify(service);
  t.match(accepted, { passed: true, acceptable: true, bodies_to_name: {} });
  t.equal((await accept(service, accepted)).status, 201, "what was accepted needs no name again");
  for (const names of [["public.fn_iu_gateway_write_guard"], undefined]) {
    await rewrite(target, "of a third house", names);
    const third = await verify(service);
    t.match(third, { passed: false, acceptable: false, bodies_to_name: {} });
    t.match(await accept(service, third, first.bodies_to_name), { status: 409, body: { code: "GATEWAY_INCOMPLETE" } });
  }
});
