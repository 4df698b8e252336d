import t, { type Test } from "tap";
import type { VerificationReport } from "../../../src/lifecycle/index.ts";
import { failures, findings } from "../../lifecycle/verification-scene.ts";
import { expectStatus } from "../../support/flow.ts";
import { installPlan, recordEnactment, useUnits } from "../../support/lifecycle.ts";
import { act, planFile, register, setPlace, wholeAct } from "../../support/plans.ts";
import { type Service, startService } from "../../support/service.ts";
import { governedDigest } from "./scene.ts";

t.setTimeout(280_000);

const path = "/v1/lifecycle/verification";

async function verify(service: Service, body: object = {}): Promise<VerificationReport> {
  const answer = await expectStatus(service.call("POST", path, { as: "auditor", body }), 200);
  return answer.body as unknown as VerificationReport;
}

const probes = (report: VerificationReport): string[] =>
  [...report.existence.probes, ...report.behaviour.probes].filter(({ passed }) => passed).map(({ id }) => id);

/** The probes that pass once a phase is committed, beside those of before it. */
const gains: Readonly<Record<number, readonly string[]>> = {
  1: ["P-1", "P-2"],
  2: ["P-4"],
  3: ["P-3", "B-1", "B-2", "B-3", "B-4"],
  4: ["P-5", "P-6"],
  5: ["P-7"],
};

/** A phase committed, rolled back and committed again, with a report after each. */
async function phase(
  t: Test,
  service: Service,
  plan: Awaited<ReturnType<typeof register>>,
  step: number,
  before: VerificationReport,
): Promise<VerificationReport> {
  t.equal((await wholeAct(service, plan, step)).run.status, "succeeded");
  const after = await verify(service);
  const gained = probes(after).filter((id) => !probes(before).includes(id));
  const lost = probes(before).filter((id) => !probes(after).includes(id));
  t.strictSame(gained.toSorted(), [...(gains[step] ?? [])].toSorted(), `what phase ${step} makes pass`);
  t.strictSame(lost, []);
  t.equal((await wholeAct(service, plan, step, "rollback")).run.status, "succeeded");
  const back = await verify(service);
  t.strictSame(findings(back), findings(before), `after the rollback of phase ${step} the report is that of before it`);
  t.equal(back.digest, before.digest);
  t.equal((await wholeAct(service, plan, step)).run.status, "succeeded");
  const again = await verify(service);
  t.equal(again.digest, after.digest, "and once more committed, that of after it");
  return again;
}

t.test("LIFE-4 the report after each phase's rollback equals the one before the phase", async (t) => {
  const target = await useUnits(t);
  const { service } = await setPlace(t, { target });
  const plan = await register(service, await planFile("lifecycle-enactment.yaml"));
  await recordEnactment(target);
  t.equal((await act(service, plan, 0, "commit")).run.status, "succeeded");
  let report = await verify(service);
  t.strictSame(probes(report), ["B-5", "B-unchanged"]);
  for (const step of [1, 2, 3, 4, 5]) report = await phase(t, service, plan, step, report);
  t.strictSame(failures(report), []);
  t.equal(report.passed, true);
  t.match(
    report.behaviour.probes.find(({ id }) => id === "B-1")?.note,
    /decision: [0-9a-f-]{36}[.]$/,
    "the one on record",
  );
});

t.test("LIFE-5 the probes leave every row as it was, and take what is on record", async (t) => {
  const target = await useUnits(t);
  await installPlan(target, "lifecycle-enactment.yaml");
  await installPlan(target, "lifecycle-backlog.yaml");
  const service = await startService(t, { targets: { default: target.url } });
  const before = await governedDigest(target.superUrl);
  const first = await verify(service);
  t.equal(await governedDigest(target.superUrl), before);
  t.match(first.behaviour.probes.find(({ id }) => id === "B-1")?.note, /of the probe's own, rolled back/);
  t.strictSame(findings(await verify(service)), findings(first), "the same target, the same report");
  t.ok(first.behaviour.row_counts.every((row) => row.before === row.after && row.before !== null));

  const decision = await recordEnactment(target);
  await target.query(
    `SELECT public.fn_iu_enact('ICX-CONST/DIEU-' || n, 'tester', $1, 'enacted', NULL, NULL, 'a-run', false) FROM generate_series(0, 1) AS n`,
    [decision],
  );
  const later = await verify(service);
  t.strictSame(failures(later), [], "what was enacted by the gateway is explained by the log");
  t.match(
    later.behaviour.probes.find(({ id }) => id === "B-1"),
    {
      found: { status: "plan_ok" },
      note: `Address ICX-CONST/DIEU-10; decision: ${decision}.`,
    },
  );
  t.match(later.consistency, { units: 2, versions: 2, log_rows: 2, contradictions: 0 });
  t.not(later.digest, first.digest);
});

t.test(
  "LIFE-5 the report is a page for who asks for one, without script, style or anything from elsewhere",
  async (t) => {
    const target = await useUnits(t);
    await installPlan(target, "lifecycle-enactment.yaml");
    await target.query(
      `UPDATE public.dot_config SET value = '<script>alert("x")</script>' WHERE key = 'iu_enact.readme_path'`,
    );
    const service = await startService(t, { targets: { default: target.url } });
    const headers = { accept: "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8" };
    const answer = await service.call("POST", path, { as: "operator", body: {}, headers });
    t.equal(answer.status, 200);
    t.match(answer.headers.get("content-type"), /^text\/html/);
    const page = answer.text;
    t.match(page, /<h1>Verification of the lifecycle gateway of default<\/h1>/);
    t.match(page, /Result: <strong>failed<\/strong>/);
    t.match(page, /&lt;script&gt;alert\(&quot;x&quot;\)&lt;\/script&gt;/);
    t.notMatch(page, /<script|<style|<link|<img|style=|href=|src=|onclick/);
    for (const id of ["P-1", "P-7", "B-1", "B-5", "gateway_function_body_md5", "icx_const_iu_count"])
      t.match(page, `<th scope="row">${id}</th>`);
    t.equal(page.match(/<table/g)?.length, page.match(/<caption>/g)?.length, "each table says what it is");
  },
);

t.test(
  "LIFE-5 bad input: a caller without the role, a database that is not there, one that does not answer",
  async (t) => {
    const service = await startService(t, { targets: { default: "postgres://nobody@127.0.0.1:1/none" } });
    t.match(await service.call("POST", path, { as: "requester", body: {} }), {
      status: 403,
      body: { code: "FORBIDDEN" },
    });
    t.match(await service.call("POST", path, { as: "auditor", body: { database: "other" } }), {
      status: 400,
      body: { code: "INVALID_REQUEST" },
    });
    t.match(await service.call("POST", path, { as: "auditor", body: { database: "default", more: 1 } }), {
      status: 400,
      body: { code: "INVALID_REQUEST" },
    });
    t.match(await service.call("POST", path, { as: "auditor" }), { status: 503, body: { code: "TARGET_UNAVAILABLE" } });
  },
);
