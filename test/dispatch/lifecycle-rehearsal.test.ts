import t from "tap";
import type { RequestForExecution } from "../../src/approvals/index.ts";
import type { Tx } from "../../src/database/index.ts";
import { gateRefusal as refusalOfC1 } from "../../src/dispatch/handlers/authorize-build-step.ts";
import { authorizeLifecycleRehearsal } from "../../src/dispatch/handlers/authorize-lifecycle-rehearsal.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { approvalRequest, approve, execute, expectStatus, mintGrant } from "../support/flow.ts";
import { startService } from "../support/service.ts";

t.setTimeout(60_000);

const targets = ["IU_LIFECYCLE_ENACT", "IU_LIFECYCLE_SUPERSEDE", "IU_LIFECYCLE_RETIRE"] as const;
const place = { carrier: "IU", namespace: "DRYRUN-NS", axis: "dot:iu:lifecycle", target: targets[0] };

interface Changes {
  readonly request?: Partial<RequestForExecution>;
  readonly commit?: boolean;
  readonly action?: Record<string, unknown>;
}

/** Each gate in the order of MINT-1: what closes it, and its line. */
const gates: readonly { readonly line: string; readonly closes: Changes }[] = [
  { line: "SKIP:reject_action_superset", closes: { request: { actionCode: "authorize_build_step" } } },
  { line: "FAIL:reject_real_run_commit_not_allowed", closes: { commit: true } },
  { line: "FAIL:reject_sovereign_risk", closes: { request: { risk: "sovereign" } } },
  { line: "FAIL:reject_scope_not_iu_dryrun", closes: { action: { axis: "dot:c1:vocab" } } },
  { line: "FAIL:reject_quorum_not_passed", closes: { request: { quorumPassed: false } } },
  ...[
    "rollback_plan_ref",
    "manifest_digest",
    "schema_digest",
    "plan_id",
    "plan_revision",
    "plan_ref",
    "step_name",
    "executor",
    "action_set",
  ].map((field) => ({ line: `FAIL:reject_payload_${field}`, closes: { action: { [field]: undefined } } })),
];

function request(...changes: readonly Changes[]): RequestForExecution {
  const action: Record<string, unknown> = { ...place, action_set: ["iu_enact"] };
  for (const one of changes) Object.assign(action, one.action);
  const commit = changes.some((one) => one.commit === true);
  const content = approvalRequest({ apr_code: "APR-1", commit }, action);
  return Object.assign(
    {
      aprCode: "APR-1",
      digest: `sha256:${"0".repeat(64)}`,
      requestedBy: "requester",
      actionCode: "authorize_lifecycle_rehearsal",
      risk: "high",
      content: content as unknown as RequestForExecution["content"],
      quorumPassed: true,
      voters: ["approver_1", "approver_2"],
    } as const,
    ...changes.map((one) => one.request ?? {}),
  ) as RequestForExecution;
}

/** Past every gate the handler turns to the database, and what it finds there is none of theirs. */
class Asked extends Error {}
const nowhere: Tx = {
  query: () => Promise.reject(new Asked()),
  savepoint: () => Promise.reject(new Asked()),
};

async function lineFor(asked: RequestForExecution): Promise<string> {
  try {
    return (await authorizeLifecycleRehearsal.execute(nowhere, serviceCaller("test"), asked, new Map())).result;
  } catch (error) {
    if (error instanceof Asked) return "passed";
    throw error;
  }
}

t.test("LIFE-6 MINT-1 the three transitions pass every gate before Gate E, and no other target", async (t) => {
  for (const target of targets) t.equal(await lineFor(request({ action: { target } })), "passed", target);
  for (const target of ["IU_LIFECYCLE", "IU_LIFECYCLE_AMEND", "DOT_C1_VOCAB_BUILD", "iu_lifecycle_enact", ""])
    t.equal(await lineFor(request({ action: { target } })), "FAIL:reject_scope_not_iu_dryrun", target);
});

t.test("LIFE-6 MINT-1 each gate alone has its own line, and of two the earlier one answers", async (t) => {
  for (const [i, first] of gates.entries()) {
    t.equal(await lineFor(request(first.closes)), first.line);
    for (const second of gates.slice(i + 1)) {
      const both = request(second.closes, first.closes);
      t.equal(await lineFor(both), first.line, `${first.line} before ${second.line}`);
    }
  }
});

t.test("LIFE-6 MINT-1 each field of the scope must be exactly its value", async (t) => {
  for (const field of ["carrier", "namespace", "axis", "target", "environment"] as const) {
    const right = field === "environment" ? "rehearsal" : place[field];
    const otherCase = right.toUpperCase() === right ? right.toLowerCase() : right.toUpperCase();
    for (const wrong of [undefined, `${right}x`, `${right} `, ` ${right}`, `${right}\n`, otherCase]) {
      const answered = await lineFor(request({ action: { [field]: wrong } }));
      t.equal(answered, "FAIL:reject_scope_not_iu_dryrun", `${field}: ${JSON.stringify(wrong)}`);
    }
  }
});

t.test("LIFE-6 MINT-1 the environment is rehearsal, or rehearsal with a name", async (t) => {
  for (const environment of ["rehearsal", "rehearsal-2", "rehearsal-blue_green"])
    t.equal(await lineFor(request({ action: { environment } })), "passed", environment);
  for (const environment of ["production", "staging", "rehearsal-", "rehearsal-A", "rehearsal-2\n", "rehearsal--"])
    t.equal(await lineFor(request({ action: { environment } })), "FAIL:reject_scope_not_iu_dryrun", environment);
});

t.test("LIFE-6 MINT-1 commit must be false itself, not merely falsy", async (t) => {
  for (const commit of [undefined, null, 0, "", "false"]) {
    const changed = request();
    const content = { ...changed.content, commit } as unknown as RequestForExecution["content"];
    t.equal(await lineFor({ ...changed, content }), "FAIL:reject_real_run_commit_not_allowed", String(commit));
  }
});

t.test("LIFE-6 MINT-7 neither of the two handlers of rehearsals mints for the other's place", async (t) => {
  const c1 = { carrier: "C1", axis: "dot:c1:vocab", target: "DOT_C1_VOCAB_BUILD" };
  t.equal(await lineFor(request({ action: c1 })), "FAIL:reject_scope_not_iu_dryrun");
  const own = request({ request: { actionCode: "authorize_build_step" } });
  t.equal(refusalOfC1(own), "FAIL:reject_scope_not_c1_dryrun");
  t.equal(refusalOfC1(request()), "SKIP:reject_action_superset");
  // Nor do their places mix.
  for (const field of ["carrier", "axis", "target"] as const) {
    const mixed = { [field]: c1[field] };
    t.equal(await lineFor(request({ action: mixed })), "FAIL:reject_scope_not_iu_dryrun", field);
    t.equal(
      refusalOfC1(request({ request: { actionCode: "authorize_build_step" }, action: mixed })),
      "FAIL:reject_scope_not_c1_dryrun",
      field,
    );
  }
});

t.test(
  "LIFE-6 MINT-1 through real requests: one grant each for the transitions, and nothing for another",
  async (t) => {
    const service = await startService(t);
    const asks = (action: Record<string, unknown>, changes: Record<string, unknown> = {}) =>
      approvalRequest({ proposed_action_code: "authorize_lifecycle_rehearsal", ...changes }, { ...place, ...action });
    const refused = async (line: string, asked: ReturnType<typeof approvalRequest>) => {
      const answer = await execute(service, await approve(service, asked));
      t.match(answer, { status: 422, body: { result: line } }, line);
    };
    await refused("FAIL:reject_scope_not_iu_dryrun", asks({ carrier: "C1" }));
    await refused("FAIL:reject_scope_not_iu_dryrun", asks({ environment: "production" }));
    await refused("FAIL:reject_payload_manifest_digest", asks({ manifest_digest: undefined }));
    await refused("FAIL:reject_scope_not_c1_dryrun", asks({}, { proposed_action_code: "authorize_build_step" }));
    t.same((await service.call("GET", "/v1/grants", { as: "auditor" })).body["items"], [], "nothing was minted");

    for (const target of targets) {
      const code = await mintGrant(service, asks({ target, action_set: ["iu_enact"] }));
      const grant = await expectStatus(service.call("GET", `/v1/grants/${code}`, { as: "auditor" }), 200);
      t.match(grant.body, {
        status: "active",
        mode: "dry-run",
        commit_allowed: false,
        bindings: { ...place, target, environment: "rehearsal" },
      });
    }
    const again = await execute(service, await approve(service, asks({})));
    t.match(again.body, { result: "SKIP:active_grant_exists" }, "Gate E: one live grant for a transition");
  },
);
