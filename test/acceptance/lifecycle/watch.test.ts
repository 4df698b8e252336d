import t, { type Test } from "tap";
import { installPlan, useUnits } from "../../support/lifecycle.ts";
import { expectStatus } from "../../support/flow.ts";
import type { Target } from "../../support/runs.ts";
import { type InProcess, startService } from "../../support/service.ts";

t.setTimeout(160_000);

const disable = "ALTER TABLE public.information_unit DISABLE TRIGGER trg_aa_iu_gateway_write_guard";
const enable = "ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER trg_aa_iu_gateway_write_guard";
const guardTrigger = "trigger public.information_unit.trg_aa_iu_gateway_write_guard";
const other = `sha256:${"0".repeat(64)}`;

interface Report {
  readonly baseline_id: number | null;
  readonly gateway_digest: string;
  readonly differences: readonly { readonly object: string; readonly aspect: string }[];
  readonly opened: readonly number[];
  readonly detector: { readonly state: string; readonly refused_since: number };
}

async function watch(service: InProcess, query = ""): Promise<Report> {
  const { body } = await expectStatus(
    service.call("POST", `/v1/lifecycle/watch${query}`, { as: "operator", body: {} }),
    200,
  );
  return body as unknown as Report;
}

async function accept(service: InProcess, gateway_digest: string, status: number) {
  const body = { gateway_digest, reason: "As rolled out." };
  return expectStatus(service.call("POST", "/v1/lifecycle/baselines", { as: "sovereign", body }), status);
}

async function findings(service: InProcess): Promise<string[]> {
  const { body } = await expectStatus(service.call("GET", "/v1/doctor", { as: "operator" }), 200);
  return (body["findings"] as unknown as { code: string }[])
    .map(({ code }) => code)
    .filter((code) => /GATEWAY|INCIDENT|DETECTOR/.test(code));
}

async function place(t: Test): Promise<{ service: InProcess; target: Target }> {
  const target = await useUnits(t);
  return { service: await startService(t, { targets: { default: target.url } }), target };
}

t.test("OPEN-10 a sovereign accepts the gateway that was verified, as it is, and no other", async (t) => {
  const { service, target } = await place(t);
  const bare = await watch(service);
  t.match(bare, { baseline_id: null, differences: [], opened: [], detector: { state: "not_installed" } });
  t.match((await accept(service, bare.gateway_digest, 409)).body, { code: "GATEWAY_INCOMPLETE" }, "not rolled out");
  await installPlan(target, "lifecycle-enactment.yaml");
  const { gateway_digest } = await watch(service);
  t.not(gateway_digest, bare.gateway_digest);
  const refused = await accept(service, bare.gateway_digest, 409);
  t.match(refused.body, { code: "GATEWAY_CHANGED", errors: [{ pointer: "/gateway_digest" }] });
  t.match((await accept(service, other, 409)).body, { code: "GATEWAY_CHANGED" });
  for (const as of ["operator", "council_1", "admin", "auditor", "c1-builder", "requester"] as const) {
    await expectStatus(
      service.call("POST", "/v1/lifecycle/baselines", { as, body: { gateway_digest, reason: "x" } }),
      403,
    );
  }
  const { body: accepted } = await accept(service, gateway_digest, 201);
  t.match(accepted, { baseline_id: 1, database: "default", gateway_digest, taken_by: "sovereign" });
  const listed = await expectStatus(service.call("GET", "/v1/lifecycle/baselines", { as: "auditor" }), 200);
  t.strictSame(listed.body, { items: [accepted], next_cursor: null });
  t.match(await watch(service), { baseline_id: 1, gateway_digest, differences: [], opened: [] });
  const { body: events } = await expectStatus(
    service.call("GET", "/v1/audit/events?action=gateway.accepted", { as: "auditor" }),
    200,
  );
  t.match(events, {
    items: [{ actor: "sovereign", resource_id: "1", after: { database: "default" }, digests: { gateway_digest } }],
  });
  t.equal((events["items"] as unknown as unknown[]).length, 1);

  await target.query(disable);
  const tampered = await watch(service, "?dry_run=true");
  t.match((await accept(service, tampered.gateway_digest, 409)).body, { code: "GATEWAY_INCOMPLETE" }, "tampered with");
});

t.test(
  "OPEN-10 a change by a superuser is an incident, told by the watch, the list, the audit log and the doctor",
  async (t) => {
    const { service, target } = await place(t);
    await installPlan(target, "lifecycle-enactment.yaml");
    t.same(await findings(service), [], "nothing was accepted, and no decision made for it");
    await accept(service, (await watch(service)).gateway_digest, 201);
    t.same(await findings(service), ["DETECTOR_NOT_INSTALLED"]);

    await target.query(disable);
    t.same((await findings(service)).sort(), ["DETECTOR_NOT_INSTALLED", "GATEWAY_DIFFERS"]);
    const tried = await watch(service, "?dry_run=true");
    t.equal(tried.opened.length, 1);
    const report = await watch(service);
    t.match(report.differences, [{ object: guardTrigger, aspect: "fires", expected: "always", found: "disabled" }]);
    t.equal(report.opened.length, 1);
    const [id] = report.opened;
    t.same((await watch(service)).opened, [], "it has an incident");
    t.same((await findings(service)).sort(), ["DETECTOR_NOT_INSTALLED", "GATEWAY_DIFFERS", "INCIDENT_OPEN"]);

    const list = async (query: string) =>
      (await expectStatus(service.call("GET", `/v1/lifecycle/incidents${query}`, { as: "auditor" }), 200)).body;
    const open = { items: [{ incident_id: id, kind: "gateway_changed", subject: guardTrigger, status: "open" }] };
    for (const query of ["", "?status=open", "?kind=gateway_changed", "?database=default", "?limit=1"]) {
      t.match(await list(query), open, query);
    }
    for (const query of ["?status=resolved", "?kind=direct_write_refused", "?database=other"]) {
      t.strictSame(await list(query), { items: [], next_cursor: null }, query);
    }

    const url = `/v1/lifecycle/incidents/${id}/resolve`;
    const resolve = (reason: string) => service.call("POST", url, { as: "operator", body: { reason } });
    for (const as of ["sovereign", "auditor", "admin", "requester"] as const) {
      await expectStatus(service.call("POST", url, { as, body: { reason: "x" } }), 403);
    }
    const { body: resolved } = await expectStatus(resolve("Disabled for a restore."), 200);
    t.match(resolved, { status: "resolved", resolved_by: "operator", resolved_reason: "Disabled for a restore." });
    t.strictSame((await expectStatus(resolve("Again."), 200)).body, resolved);
    await expectStatus(
      service.call("POST", "/v1/lifecycle/incidents/999/resolve", { as: "operator", body: { reason: "x" } }),
      404,
    );

    t.equal((await watch(service)).opened.length, 1, "still disabled: another incident");
    await target.query(enable);
    t.match(await watch(service), { differences: [], opened: [] });
    t.same((await findings(service)).sort(), ["DETECTOR_NOT_INSTALLED", "INCIDENT_OPEN"]);
    const audited = async (action: string) => {
      const { body } = await expectStatus(
        service.call("GET", `/v1/audit/events?action=${action}`, { as: "auditor" }),
        200,
      );
      return (body["items"] as unknown as { actor: string }[]).map(({ actor }) => actor);
    };
    t.strictSame(await audited("incident.opened"), ["operator", "operator"]);
    t.strictSame(await audited("incident.resolved"), ["operator"]);
  },
);

t.test("OPEN-10 incidents are paged, newest first, each once", async (t) => {
  const { service, target } = await place(t);
  await installPlan(target, "lifecycle-enactment.yaml");
  await accept(service, (await watch(service)).gateway_digest, 201);
  for (let n = 0; n < 5; n += 1) {
    await target.query(`CREATE VIEW public.v${n} AS SELECT id FROM public.unit_version`);
    if (n % 2 === 0) await watch(service);
  }
  const seen: unknown[] = [];
  let cursor = "";
  do {
    const { body } = await expectStatus(
      service.call("GET", `/v1/lifecycle/incidents?limit=2${cursor}`, { as: "auditor" }),
      200,
    );
    seen.push(...(body["items"] as unknown as { subject: string }[]).map(({ subject }) => subject));
    cursor = body["next_cursor"] === null ? "" : `&cursor=${String(body["next_cursor"])}`;
  } while (cursor !== "");
  t.strictSame(
    seen,
    [4, 3, 2, 1, 0].map((n) => `relation public.v${n}`),
  );
});
