import { createHash } from "node:crypto";
import { sovereignRequest } from "../../support/commit.ts";
import { bindings } from "../../support/flow.ts";

/**
 * What there is in the little world of one sequence: names and bindings, and nothing that happens. Each world has a plan, targets,
 * environments and leases of its own, so that many run side by side on one service.
 */
export const grantNames = ["A1", "A2", "A3", "B", "D"] as const;
export type GrantName = (typeof grantNames)[number];
export type RequestName = Exclude<GrantName, "D">;
export type Executor = "c1-builder" | "other-builder";
/** The two environments; `null` stands for everything. */
export type Site = 0 | 1;

interface Outline {
  readonly mode: "commit" | "dry-run";
  readonly target: string;
  readonly site: Site;
  readonly executor: Executor;
  /** As the request asks; undefined for the default. */
  readonly ttlSeconds: number | undefined;
  /** What comes of it (MINT-4). */
  readonly livesMinutes: number;
}

/**
 * A1 and A2 cannot both be live (MINT-6) and differ in the executor alone, A1 and A3 have the very same bindings, B has the target
 * of A1 in another environment, D is a dry-run grant for the same plan. All have one lease. No life is near a multiple of `waitMinutes`: what has run out does not hang on how
 * fast the machine is.
 */
export const outlines: Readonly<Record<GrantName, Outline>> = {
  A1: { mode: "commit", target: "T", site: 0, executor: "c1-builder", ttlSeconds: undefined, livesMinutes: 120 },
  A2: { mode: "commit", target: "T", site: 0, executor: "other-builder", ttlSeconds: 900, livesMinutes: 15 },
  A3: { mode: "commit", target: "U", site: 0, executor: "c1-builder", ttlSeconds: 100_000, livesMinutes: 1_440 },
  B: { mode: "commit", target: "T", site: 1, executor: "other-builder", ttlSeconds: 7_200, livesMinutes: 120 },
  D: { mode: "dry-run", target: "D", site: 0, executor: "c1-builder", ttlSeconds: 3_600, livesMinutes: 60 },
};

/** Time passes in steps of this. */
export const waitMinutes = 25;
/** What a lease may be asked for: seconds, undefined for the default of half an hour. As far from the steps as the grants. */
export const leaseSeconds = [undefined, 300, 5_400] as const;

export interface Scene {
  readonly number: number;
  readonly plan: string;
  readonly environments: readonly [string, string];
  /** The one lease of all its scopes. */
  readonly lease: string;
  /** No scope's. */
  readonly otherLease: string;
  /** The name of a key that only this world signs with. */
  readonly ownKid: string;
}

export function sceneOf(number: number): Scene {
  return {
    number,
    plan: `PLAN-${number}`,
    environments: [`rehearsal-${number}a`, `rehearsal-${number}b`],
    lease: `lease-${number}`,
    otherLease: `other-${number}`,
    ownKid: `own-${number}`,
  };
}

export const requestCode = (scene: Scene, name: GrantName): string => `W${scene.number}-${name}`;
export const grantCode = (scene: Scene, name: GrantName): string => `GBA-C1-${requestCode(scene, name)}`;
export const targetOf = (scene: Scene, name: GrantName): string => `${outlines[name].target}-${scene.number}`;

/** What the verifier takes (GRANT-1). */
export type Bindings = Omit<ReturnType<typeof bindings>, "action_set"> & { readonly action_set: readonly string[] };

/** What the grant is bound to, with all the actions that were granted. */
export function bindingsOf(scene: Scene, name: GrantName): Bindings {
  const { mode, site, executor } = outlines[name];
  const action_set = ["dot_iu_create_collection", "staging_consume"];
  return bindings({
    mode,
    plan_id: scene.plan,
    environment: scene.environments[site],
    executor,
    action_set,
  });
}

/** The request that was approved for the grant; the grant is bound to what it says and to no more. */
export function requestOf(scene: Scene, name: GrantName) {
  const { mode: _, ...bound } = bindingsOf(scene, name);
  const { ttlSeconds } = outlines[name];
  // In JSON, and that is what becomes of it, undefined is not there.
  const action = { ...bound, target: targetOf(scene, name), ttl_seconds: ttlSeconds };
  return sovereignRequest({ apr_code: requestCode(scene, name) }, action);
}

/** The request as it is stored, and its digest (APR-2: of these bytes). */
export function storedRequest(scene: Scene, name: GrantName): { content: string; digest: string } {
  const content = JSON.stringify(requestOf(scene, name));
  return { content, digest: `sha256:${createHash("sha256").update(content).digest("hex")}` };
}

/** The bytes to sign (ESIGN-1), put together by hand: members in the order of their names, no blanks. */
export function signingPayload(scene: Scene, name: RequestName, expiresAt: string): string {
  const bound = bindingsOf(scene, name);
  return JSON.stringify({
    apr_digest: storedRequest(scene, name).digest,
    auth_code: grantCode(scene, name),
    bindings: {
      action_set: bound.action_set,
      axis: "dot:c1:vocab",
      carrier: bound.carrier,
      environment: bound.environment,
      executor: bound.executor,
      manifest_digest: bound.manifest_digest,
      namespace: "PROD-NS",
      plan_id: bound.plan_id,
      plan_revision: bound.plan_revision,
      rollback_plan_ref: bound.rollback_plan_ref,
      schema_digest: bound.schema_digest,
      target: targetOf(scene, name),
    },
    database: "default",
    expires_at: expiresAt,
    mode: "commit",
    rehearsal_ref: null,
    type: "countersign/grant-signing-payload/v1",
  });
}
