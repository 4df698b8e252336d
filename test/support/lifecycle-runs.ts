import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { mintActive, sovereignRequest, type TestKey } from "./commit.ts";
import { approvalRequest, expectStatus, mintGrant } from "./flow.ts";
import { runBindings, type RunView, startRun, untilRun } from "./runs.ts";
import type { Service } from "./service.ts";

export interface ManifestView {
  readonly build: string;
  readonly input: {
    readonly transition: string;
    readonly units: readonly { canonical_address: string; version_id: string; version_digest: string }[];
    readonly review_decision_id: string;
    readonly gateway_digest: string;
  };
  readonly manifest_digest: string;
  readonly schema_digest: string;
  readonly count: number;
  readonly passed: boolean;
  readonly results: readonly { canonical_address: string; status: string }[];
}

/** Has the council decide, and waits until the target has it. @returns the decision's id */
export async function decide(
  service: Service,
  decision_kind: string,
  subjects: readonly string[],
  changes: Record<string, unknown> = {},
): Promise<string> {
  const body = { decision_kind, decision: "approve", subjects, reason: "As it was deliberated.", ...changes };
  const answer = await expectStatus(service.call("POST", "/v1/review-decisions", { as: "council_1", body }), 201);
  const id = answer.body["decision_id"] as unknown as string;
  const deadline = performance.now() + 20_000;
  for (;;) {
    const { body: read } = await expectStatus(
      service.call("GET", `/v1/review-decisions/${id}`, { as: "auditor" }),
      200,
    );
    if (read["carried_at"] !== null) return id;
    if (performance.now() > deadline) throw new Error(`the decision ${id} is not carried`);
    // not a sleep: the pause between two looks at a condition
    await pause(40);
  }
}

export async function manifestOf(service: Service, wanted: Record<string, unknown>): Promise<ManifestView> {
  const body = { reason: "Enact what was deliberated.", ...wanted };
  const answer = await expectStatus(service.call("POST", "/v1/lifecycle/manifests", { as: "requester", body }), 200);
  return answer.body as unknown as ManifestView;
}

const names = { enact: "ENACT", supersede: "SUPERSEDE", retire: "RETIRE" } as const;

function actionOf(manifest: ManifestView, changes: Record<string, unknown>) {
  const transition = manifest.input.transition as keyof typeof names;
  const { manifest_digest, schema_digest } = manifest;
  return {
    carrier: "IU",
    axis: "dot:iu:lifecycle",
    target: `IU_LIFECYCLE_${names[transition]}`,
    plan_id: "lifecycle-enactment",
    plan_revision: "1",
    plan_ref: "plans/lifecycle-enactment.yaml",
    step_name: "PHASE_7",
    rollback_plan_ref: "docs/runbooks/lifecycle.md",
    action_set: [`iu_${transition}`],
    manifest_digest,
    schema_digest,
    ...changes,
  };
}

function bodyOf(manifest: ManifestView, authCode: string, changes: Record<string, unknown>) {
  const { plan_id, plan_revision, rollback_plan_ref, carrier, action_set, manifest_digest, schema_digest } = actionOf(
    manifest,
    {},
  );
  const bindings = runBindings(
    { manifest_digest, schema_digest },
    { plan_id, plan_revision, rollback_plan_ref, carrier, action_set, ...changes },
  );
  return { build: manifest.build, auth_code: authCode, bindings, input: manifest.input };
}

/** Rehearses the run of a manifest under a dry-run grant and waits for its end. */
export async function rehearseManifest(service: Service, manifest: ManifestView): Promise<RunView> {
  const authCode = await mintGrant(
    service,
    approvalRequest(
      { title: "Rehearse it", proposed_action_code: "authorize_lifecycle_rehearsal" },
      actionOf(manifest, {}),
    ),
  );
  const root = `rehearsal-${randomUUID()}`;
  const body = { ...bodyOf(manifest, authCode, {}), idempotency_root: root };
  await expectStatus(startRun(service, { body }), 202);
  return untilRun(service, root);
}

export interface PreparedTransition {
  readonly root: string;
  readonly authCode: string;
  readonly key: TestKey;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Has the run of a manifest approved and its commit-mode grant signed. @returns what starts it */
export async function prepareTransition(
  service: Service,
  manifest: ManifestView,
  options: { rehearsal?: string; key?: TestKey; root?: string; environment?: string } = {},
): Promise<PreparedTransition> {
  const environment = options.environment ?? (options.rehearsal === undefined ? "staging" : "production");
  const action = actionOf(manifest, {
    environment,
    ...(options.rehearsal !== undefined && { rehearsal_ref: options.rehearsal }),
  });
  const { authCode, key } = await mintActive(service, sovereignRequest({ title: "Do it" }, action), options.key);
  const root = options.root ?? `lifecycle-${randomUUID()}`;
  const body = { ...bodyOf(manifest, authCode, { mode: "commit", environment }), idempotency_root: root };
  return { root, authCode, key, body };
}
