import { anyOrder, type Expected, type Shape } from "./expectation.ts";
import { type Grant, viewOf } from "./grant-view.ts";
import type { Refusal } from "./judgement.ts";
import { grantCode, requestCode, type Scene } from "./scenery.ts";

/** A refusal: its status, its code, and further members that it must have. */
export function refused(status: number, code: string, ...oneOf: readonly Shape[]): Expected {
  const shapes = oneOf.length === 0 ? [{}] : oneOf;
  return { status, label: code, oneOf: shapes.map((shape) => ({ code, ...shape })) };
}

export const notFound = (): Expected => refused(404, "NOT_FOUND");

/** An execution that made nothing (APR-6). @param line what the protocol calls it */
export const skipped = (line: string): Expected => refused(409, "EXECUTION_SKIPPED", { result: line });

/** An execution that made the grant, or found the one that it had made. */
export function executed(
  scene: Scene,
  grant: Grant,
  now: number,
  { replayed, dry = false }: { replayed: boolean; dry?: boolean },
): Expected {
  const codes = { apr_code: requestCode(scene, grant.name), auth_code: grantCode(scene, grant.name) };
  const shape = { result: "OK", ...codes, replayed, grant: viewOf(scene, grant, now, { dry }) };
  return { status: replayed ? 200 : 201, label: replayed ? "replayed" : "minted", oneOf: [shape] };
}

const statuses: Readonly<Record<Refusal["code"], 403 | 409>> = {
  G2_EXECUTION_REQUIRES_SEPARATE_AUTHORIZATION: 403,
  CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH: 403,
  AMBIGUOUS_AUTHORIZATION: 409,
  REJECT_AUTH_ALREADY_CONSUMED: 409,
  REJECT_AUTH_REVOKED: 409,
  REJECT_AUTH_EXPIRED: 409,
  REJECT_AUTH_NOT_ACTIVE: 409,
  REJECT_SIGNATURE_KEY_REVOKED: 409,
};

/** The answer to what GRANT-2 refuses. */
export function refusal(why: Refusal): Expected {
  const answer = (...oneOf: readonly Shape[]) => refused(statuses[why.code], why.code, ...oneOf);
  switch (why.code) {
    case "G2_EXECUTION_REQUIRES_SEPARATE_AUTHORIZATION":
      return answer();
    case "AMBIGUOUS_AUTHORIZATION":
      return answer({ matching: anyOrder(why.matching) });
    case "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH":
      return answer(
        ...why.nearest.map(({ code, mismatched }) => ({ auth_code: code, mismatched: anyOrder(mismatched) })),
      );
    default:
      return answer({ auth_code: why.of });
  }
}
