import type { Tx } from "../database/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import type { Sightings } from "../rehearsals/index.ts";
import { asked, refusal } from "./bindings.ts";
import { type GrantFacts, type Judgement, judge, judgeNamed } from "./predicate.ts";
import { requireRehearsal } from "./rehearsal.ts";
import type { BindingsInput, Verdict } from "./schemas.ts";
import { findCandidates, findGrant, type GrantRow } from "./store.ts";

/**
 * Says whether exactly one live grant covers what is asked (GRANT-1). Changes nothing: only consume decides for good.
 * @param sightings how the target looks now, where a grant stands on a rehearsal (OPEN-1)
 * @throws GrantProblem with the code of GRANT-2, naming the bindings that differ; RehearsalProblem REHEARSAL_STALE
 */
export async function verifyGrant(
  tx: Tx,
  caller: Caller,
  input: BindingsInput,
  sightings: Sightings,
): Promise<Verdict> {
  const wanted = asked(input);
  const candidates = await findCandidates(tx, wanted);
  const now = candidates[0]?.now ?? new Date(0);
  return verdict(tx, sightings, wanted, judge(wanted, candidates, now, executorToMatch(caller)));
}

/** The same for the grant of that code. @throws as `verifyGrant`; ServiceProblem NOT_FOUND */
export async function verifyNamedGrant(
  tx: Tx,
  caller: Caller,
  authCode: string,
  input: BindingsInput,
  sightings: Sightings,
): Promise<Verdict> {
  const wanted = asked(input);
  const grant = await findGrant(tx, authCode);
  if (grant === undefined) throw new ServiceProblem("NOT_FOUND", `There is no grant ${authCode}.`);
  return verdict(tx, sightings, wanted, judgeNamed(wanted, grant, grant.now, executorToMatch(caller)));
}

/** An operator may look at any grant; an executor verifies only what they could consume (GRANT-7). */
export function executorToMatch(caller: Caller): string | undefined {
  return caller.roles.includes("operator") ? undefined : caller.principal;
}

async function verdict(
  tx: Tx,
  sightings: Sightings,
  wanted: ReturnType<typeof asked>,
  judgement: Judgement<GrantRow>,
): Promise<Verdict> {
  if (!judgement.valid) throw refusal(wanted, judgement);
  const { grant } = judgement;
  await requireRehearsal(tx, grant, sightings);
  return presentVerdict(grant);
}

/** The grant that covers what was asked, as it is shown. */
export function presentVerdict(grant: GrantFacts & Pick<GrantRow, "request_ref" | "on_hold" | "now">): Verdict {
  return {
    verdict: "valid",
    auth_code: grant.auth_code,
    mode: grant.mode,
    target: grant.scope.target,
    request_ref: grant.request_ref,
    granted_at: grant.granted_at.toISOString(),
    expires_at: grant.expires_at.toISOString(),
    on_hold: grant.on_hold === true,
    checked_at: grant.now.toISOString(),
  };
}
