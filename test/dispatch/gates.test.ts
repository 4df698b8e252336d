import t from "tap";
import type { RequestForExecution } from "../../src/approvals/index.ts";
import { gateRefusal } from "../../src/dispatch/handlers/authorize-build-step.ts";
import { approvalRequest } from "../support/flow.ts";

interface Changes {
  readonly request?: Partial<RequestForExecution>;
  readonly commit?: boolean;
  readonly action?: Record<string, unknown>;
}

/** Each gate in the order of MINT-1: what closes it, and its line. */
const gates: readonly { readonly line: string; readonly closes: Changes }[] = [
  { line: "SKIP:reject_action_superset", closes: { request: { actionCode: "other_action" } } },
  { line: "FAIL:reject_real_run_commit_not_allowed", closes: { commit: true } },
  { line: "FAIL:reject_sovereign_risk", closes: { request: { risk: "sovereign" } } },
  { line: "FAIL:reject_scope_not_c1_dryrun", closes: { action: { axis: "dot:c1:other" } } },
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
  const action = Object.assign({}, ...changes.map((one) => one.action ?? {})) as Record<string, unknown>;
  const commit = changes.some((one) => one.commit === true);
  const content = approvalRequest({ apr_code: "APR-1", commit }, action) as unknown as RequestForExecution["content"];
  return Object.assign(
    {
      aprCode: "APR-1",
      digest: `sha256:${"0".repeat(64)}`,
      requestedBy: "requester",
      actionCode: "authorize_build_step",
      risk: "high",
      content,
      quorumPassed: true,
      voters: ["approver_1", "approver_2"],
    } as const,
    ...changes.map((one) => one.request ?? {}),
  ) as RequestForExecution;
}

t.test("MINT-1 the request of the contract passes every gate before Gate E", (t) => {
  t.equal(gateRefusal(request()), undefined);
  t.end();
});

t.test("MINT-1 each gate alone has its own line, and of two the earlier one answers", (t) => {
  for (const [i, first] of gates.entries()) {
    t.equal(gateRefusal(request(first.closes)), first.line);
    for (const second of gates.slice(i + 1)) {
      t.equal(gateRefusal(request(second.closes, first.closes)), first.line, `${first.line} before ${second.line}`);
    }
  }
  t.end();
});

t.test("MINT-1 each field of the scope must be exactly its value", (t) => {
  for (const field of ["carrier", "namespace", "axis", "target", "environment"]) {
    const right = (approvalRequest().proposed_action as Record<string, unknown>)[field] as string;
    for (const wrong of [
      undefined,
      `${right}x`,
      `${right} `,
      right.toUpperCase() === right ? right.toLowerCase() : right.toUpperCase(),
    ]) {
      const answered = gateRefusal(request({ action: { [field]: wrong } }));
      t.equal(answered, "FAIL:reject_scope_not_c1_dryrun", `${field}: ${String(wrong)}`);
    }
  }
  t.end();
});

t.test("MINT-1 the environment is rehearsal, or rehearsal with a name", (t) => {
  for (const environment of ["rehearsal", "rehearsal-2", "rehearsal-blue_green"]) {
    t.equal(gateRefusal(request({ action: { environment } })), undefined, environment);
  }
  for (const environment of ["production", "rehearsal-", "rehearsal-A", "rehearsal-2\n", "xrehearsal", "rehearsal--"]) {
    t.equal(gateRefusal(request({ action: { environment } })), "FAIL:reject_scope_not_c1_dryrun", environment);
  }
  t.end();
});

t.test("MINT-1 commit must be false itself, not merely falsy", (t) => {
  for (const commit of [undefined, null, 0, "", "false"]) {
    const changed = request();
    const content = { ...changed.content, commit } as unknown as RequestForExecution["content"];
    t.equal(gateRefusal({ ...changed, content }), "FAIL:reject_real_run_commit_not_allowed", String(commit));
  }
  t.end();
});
