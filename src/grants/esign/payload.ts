import type { Tx } from "../../database/index.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import { esignInvalid } from "../../signatures/index.ts";
import { GrantProblem } from "../errors.ts";
import { grantStatus } from "../states.ts";
import { findGrant, type GrantRow } from "../store.ts";
import { signingPayload } from "./store.ts";

/**
 * The canonical bytes that a sovereign signs to make a draft active (ESIGN-1). Of a grant that is signed already they
 * are still shown, so that the signature can be checked.
 * @throws ServiceProblem NOT_FOUND; SignatureProblem ESIGN_INVALID for a dry-run grant
 * @throws GrantProblem REJECT_AUTH_EXPIRED, REJECT_AUTH_REVOKED for a draft that nobody can sign any more
 */
export async function readSigningPayload(tx: Tx, authCode: string): Promise<string> {
  const grant = await findGrant(tx, authCode);
  if (grant === undefined) throw new ServiceProblem("NOT_FOUND", `There is no grant ${authCode}.`);
  requireCommitMode(grant);
  if (grant.sovereign_esign_ref === null) requireSignable(grant);
  return signingPayload(tx, authCode);
}

/** @throws SignatureProblem ESIGN_INVALID */
export function requireCommitMode(grant: GrantRow): void {
  if (grant.mode === "commit") return;
  throw esignInvalid("not_commit_mode", `${grant.auth_code} is a dry-run grant: nobody signs it.`, "");
}

/** @throws GrantProblem for a dead grant; SignatureProblem ESIGN_INVALID for one that is signed */
export function requireSignable(grant: GrantRow): void {
  const { auth_code } = grant;
  const status = grantStatus(grant, grant.now);
  switch (status) {
    case "draft":
      return;
    case "expired":
      throw new GrantProblem("REJECT_AUTH_EXPIRED", `${auth_code} expired at ${grant.expires_at.toISOString()}.`, {
        members: { auth_code },
      });
    case "revoked":
      throw new GrantProblem(
        "REJECT_AUTH_REVOKED",
        `${auth_code} was revoked at ${grant.revoked_at?.toISOString() ?? "?"}.`,
        {
          members: { auth_code },
        },
      );
    case "active":
    case "consumed":
      throw esignInvalid(
        "already_signed",
        `${auth_code} is signed already and is ${status}; a second signature changes nothing.`,
        "",
      );
  }
}
