import fc from "fast-check";
import t from "tap";
import { asked } from "../../src/grants/bindings.ts";
import { clampTtl } from "../../src/grants/mint.ts";
import { type Bindings, differing, type GrantFacts, judge, judgeNamed } from "../../src/grants/predicate.ts";
import { grantStatus, grantStatuses } from "../../src/grants/states.ts";
import { bindings } from "../support/flow.ts";

const now = new Date("2026-06-23T10:00:00.000Z");
const wanted = asked(bindings() as Parameters<typeof asked>[0]);

function grant(changes: Partial<GrantFacts> = {}, scope: Partial<GrantFacts["scope"]> = {}): GrantFacts {
  const { mode, rollback_plan_ref, ...bound } = wanted;
  return {
    auth_code: "GBA-C1-A",
    mode,
    rollback_plan_ref,
    scope: {
      ...bound,
      namespace: "DRYRUN-NS",
      axis: "dot:c1:vocab",
      target: "DOT_C1_VOCAB_BUILD",
      action_set: ["dot_iu_create_collection", "staging_consume"],
      ...scope,
    },
    status: "active",
    granted_at: new Date("2026-06-23T09:00:00.000Z"),
    expires_at: new Date("2026-06-23T11:00:00.000Z"),
    signature_key_revoked_at: null,
    ...changes,
  };
}

t.test("GRANT-1 a grant that matches in every binding differs in nothing", (t) => {
  t.same(differing(grant(), wanted), []);
  t.same(differing(grant(), wanted, "c1-builder"), []);
  t.end();
});

const others: Partial<Record<keyof Bindings, unknown>> = {
  mode: "commit",
  carrier: "C2",
  plan_id: "OTHER-PLAN",
  plan_revision: "4",
  manifest_digest: `sha256:${"0".repeat(64)}`,
  schema_digest: `sha256:${"1".repeat(64)}`,
  environment: "rehearsal-2",
  executor: "other-builder",
  action_set: ["staging_consume", "drop_everything"],
  rollback_plan_ref: "OTHER_ROLLBACK",
};
for (const [name, value] of Object.entries(others)) {
  t.test(`GRANT-2 a live grant that differs in ${name} is named with that binding alone`, (t) => {
    const changed = { ...wanted, [name]: value } as Bindings;
    t.match(judge(changed, [grant()], now), {
      valid: false,
      code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH",
      mismatched: [name],
      grant: { auth_code: "GBA-C1-A" },
    });
    t.end();
  });
}

t.test("GRANT-1 the asked action set is a part of the granted one, and never empty", (t) => {
  t.same(differing(grant(), { ...wanted, action_set: ["dot_iu_create_collection", "staging_consume"] }), []);
  t.same(differing(grant({}, { action_set: ["staging_consume"] }), { ...wanted, action_set: [] }), ["action_set"]);
  t.end();
});

t.test("GRANT-2 a mode that is not named is commit, so silence fails closed", (t) => {
  const { mode: _, ...silent } = bindings();
  t.match(judge(asked(silent), [grant()], now), { valid: false, mismatched: ["mode"] });
  t.end();
});

t.test("GRANT-7 the executor of the grant must be the caller, named once however it differs", (t) => {
  t.same(differing(grant(), wanted, "other-builder"), ["executor"]);
  t.same(differing(grant(), { ...wanted, executor: "other-builder" }, "other-builder"), ["executor"]);
  t.end();
});

const dead = [
  ["consumed", "REJECT_AUTH_ALREADY_CONSUMED"],
  ["revoked", "REJECT_AUTH_REVOKED"],
  ["expired", "REJECT_AUTH_EXPIRED"],
  ["draft", "REJECT_AUTH_NOT_ACTIVE"],
] as const;
for (const [status, code] of dead) {
  t.test(`GRANT-2 an exact grant that is ${status} answers ${code}, before a live one that differs`, (t) => {
    const live = grant({ auth_code: "GBA-C1-B" }, { plan_revision: "4" });
    t.match(judge(wanted, [live, grant({ status })], now), { valid: false, code, grant: { auth_code: "GBA-C1-A" } });
    t.match(judgeNamed(wanted, grant({ status }), now), { valid: false, code });
    t.end();
  });
}

t.test("GRANT-2 one exact live grant passes beside a dead one; two are ambiguous; none is none", (t) => {
  const used = grant({ auth_code: "GBA-C1-OLD", status: "consumed" });
  t.match(judge(wanted, [used, grant()], now), { valid: true, grant: { auth_code: "GBA-C1-A" } });
  t.match(judge(wanted, [grant(), grant({ auth_code: "GBA-C1-B" })], now), {
    code: "AMBIGUOUS_AUTHORIZATION",
    matching: [{ auth_code: "GBA-C1-A" }, { auth_code: "GBA-C1-B" }],
  });
  t.match(judge(wanted, [], now), { code: "G2_EXECUTION_REQUIRES_SEPARATE_AUTHORIZATION" });
  const deadAndOther = grant({ status: "consumed" }, { plan_revision: "4" });
  t.match(judge(wanted, [deadAndOther], now), { code: "G2_EXECUTION_REQUIRES_SEPARATE_AUTHORIZATION" });
  t.end();
});

t.test("GRANT-2 of the exact dead grants the newest answers", (t) => {
  const older = grant({ status: "revoked", granted_at: new Date("2026-06-22T09:00:00.000Z") });
  t.match(judge(wanted, [older, grant({ status: "consumed" })], now), { code: "REJECT_AUTH_ALREADY_CONSUMED" });
  t.end();
});

t.test("GRANT-2 a dead grant asked for by its code is refused for its differences", (t) => {
  const judgement = judgeNamed(wanted, grant({ status: "consumed" }, { plan_revision: "4" }), now);
  t.match(judgement, { code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH", mismatched: ["plan_revision"] });
  t.end();
});

t.test("GRANT-2 agrees with a plain reading of the rule for any set of grants", (t) => {
  const facts = fc
    .record({ status: fc.constantFrom(...grantStatuses), exact: fc.boolean(), late: fc.boolean() })
    .map(({ status, exact, late }) =>
      grant({ status, expires_at: late ? now : new Date(now.getTime() + 1) }, exact ? {} : { plan_revision: "4" }),
    );
  fc.assert(
    fc.property(fc.array(facts, { maxLength: 6 }), (grants) => {
      const judgement = judge(wanted, grants, now);
      t.equal(judgement.valid ? "valid" : judgement.code, plainReading(grants));
    }),
    { numRuns: 500 },
  );
  t.end();
});

/** GRANT-2 as its sentence goes, without a glance at the code; "?" where the newest of several dead ones decides. */
function plainReading(grants: readonly GrantFacts[]): string {
  const statusNow = (one: GrantFacts): string => {
    const open = one.status === "draft" || one.status === "active";
    return open && one.expires_at <= now ? "expired" : one.status;
  };
  const exact = grants.filter((one) => one.scope.plan_revision === "3").map(statusNow);
  const active = exact.filter((status) => status === "active").length;
  if (active === 1) return "valid";
  if (active > 1) return "AMBIGUOUS_AUTHORIZATION";
  // All are granted at the same moment here: the first of the dead ones is as new as any.
  if (exact[0] !== undefined) return Object.fromEntries(dead)[exact[0] as "draft"] ?? "";
  const differs = grants.map(statusNow).some((status) => status === "draft" || status === "active");
  return differs ? "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH" : "G2_EXECUTION_REQUIRES_SEPARATE_AUTHORIZATION";
}

t.test("OPEN-3 a grant is dead at its expiry to the millisecond, and final states stay what they are", (t) => {
  const at = (ms: number) => ({ expires_at: new Date(now.getTime() + ms) });
  t.equal(grantStatus({ status: "active", ...at(1) }, now), "active");
  t.equal(grantStatus({ status: "active", ...at(0) }, now), "expired");
  t.equal(grantStatus({ status: "draft", ...at(0) }, now), "expired");
  t.equal(grantStatus({ status: "consumed", ...at(-1) }, now), "consumed");
  t.equal(grantStatus({ status: "revoked", ...at(-1) }, now), "revoked");
  t.end();
});

t.test("MINT-4 the time to live is 7200 s unless asked otherwise, within 60..86400", (t) => {
  t.same([undefined, 0, 59, 60, 61, 86_400, 86_401].map(clampTtl), [7_200, 60, 60, 60, 61, 86_400, 86_400]);
  t.end();
});

t.test("GRANT-2 a grant whose key was revoked is refused for that, and only where it would have been used", (t) => {
  const revoked = { signature_key_revoked_at: new Date("2026-06-23T09:30:00.000Z") };
  const code = (...candidates: GrantFacts[]) => {
    const judgement = judge(wanted, candidates, now);
    return judgement.valid ? judgement.grant.auth_code : judgement.code;
  };
  t.equal(code(grant(revoked)), "REJECT_SIGNATURE_KEY_REVOKED");
  t.equal(code(grant(revoked), grant({ auth_code: "GBA-C1-B" })), "GBA-C1-B", "another live one still answers");
  t.equal(code(grant({ ...revoked, status: "consumed" })), "REJECT_AUTH_ALREADY_CONSUMED");
  t.equal(code(grant({ ...revoked, status: "draft" })), "REJECT_AUTH_NOT_ACTIVE");
  t.equal(code(grant({ ...revoked, expires_at: now })), "REJECT_AUTH_EXPIRED");
  const other = { ...wanted, plan_revision: "4" };
  t.match(judge(other, [grant(revoked)], now), {
    code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH",
    mismatched: ["plan_revision"],
  });
  t.match(judgeNamed(wanted, grant(revoked), now), { valid: false, code: "REJECT_SIGNATURE_KEY_REVOKED" });
  t.end();
});
