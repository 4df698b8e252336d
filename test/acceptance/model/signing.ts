import type { Command, SignatureFault } from "./commands.ts";
import { refused } from "./answers.ts";
import type { Expected } from "./expectation.ts";
import { type Grant, statusAt } from "./grant-view.ts";
import { grantCode, outlines, type Scene } from "./scenery.ts";

const reasons: Readonly<Record<SignatureFault, string>> = {
  flipped: "mismatch",
  "other-payload": "mismatch",
  attached: "malformed",
  "key-in-header": "header",
  "pending-key": "key_pending",
  "unknown-key": "unknown_kid",
};

const esignInvalid = (...why: readonly string[]): Expected =>
  refused(422, "ESIGN_INVALID", ...why.map((reason) => ({ reason })));

/** Why nobody signs this grant, or is shown what to sign: undefined for a draft in time (ESIGN-1, ESIGN-2). */
export function notToBeSigned(scene: Scene, grant: Grant, now: number): Expected | undefined {
  if (outlines[grant.name].mode !== "commit") return esignInvalid("not_commit_mode");
  const auth_code = grantCode(scene, grant.name);
  switch (statusAt(grant, now)) {
    case "draft":
      return undefined;
    case "expired":
      return refused(409, "REJECT_AUTH_EXPIRED", { auth_code });
    case "revoked":
      return refused(409, "REJECT_AUTH_REVOKED", { auth_code });
    case "active":
    case "consumed":
      return esignInvalid("already_signed");
  }
}

/** The refusal of a signature that is not good. Where two things are wrong with it, either may be said. */
export function notGood(command: Extract<Command, { do: "sign" }>, ownKeyRevoked: boolean): Expected | undefined {
  const why = command.fault === null ? [] : [reasons[command.fault]];
  if (signsWithOwnKey(command) && ownKeyRevoked) why.push("key_revoked");
  return why.length === 0 ? undefined : esignInvalid(...why);
}

/** Whether the key is the world's own, and not one that takes its place as the fault. */
export function signsWithOwnKey({ key, fault }: Extract<Command, { do: "sign" }>): boolean {
  return key === "own" && fault !== "pending-key" && fault !== "unknown-key";
}
