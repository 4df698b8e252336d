import type { Database, Tx } from "../../../database/index.ts";
import { appendEvent } from "../../../evidence/index.ts";
import type { Caller } from "../../../kernel/caller.ts";
import { canonicalJson, digestOfBytes } from "../../../kernel/json.ts";
import { pageOf, pageRequest } from "../../../kernel/paging.ts";
import type { PageOf } from "../../../kernel/schemas.ts";
import { LifecycleProblem } from "../../errors.ts";
import { defaultDatabase } from "../../schemas.ts";
import { readGateway } from "../catalog.ts";
import type { VerificationReport } from "../../verification/schemas.ts";
import type { GatewayObject } from "../schemas.ts";
import type { Baseline, BaselineInput, BaselineQuery } from "./schemas.ts";
import { type BaselineRow, insertBaseline, selectBaselines } from "./store.ts";

/** What a verification says of whether the gateway may be accepted. */
export type Acceptability = Pick<VerificationReport, "acceptable" | "bodies_to_name" | "gateway_digest">;

/** A gateway as it was found, and what its verification said just before. */
export interface VerifiedGateway {
  readonly objects: readonly GatewayObject[];
  readonly verified: Acceptability;
}

/** Looks at a gateway that is to be accepted, before the control transaction opens. */
export async function seeVerified(target: Database, passes: () => Promise<Acceptability>): Promise<VerifiedGateway> {
  const verified = await passes();
  return { objects: await target.transact(readGateway, { readOnly: true }), verified };
}

/**
 * Accepts the gateway of a target as it is now: from here on the watch compares with it (OPEN-10).
 * @throws LifecycleProblem GATEWAY_CHANGED where it is not the one of `gateway_digest`, GATEWAY_INCOMPLETE where its
 *   verification does not pass, or has bodies that `accepted_bodies` does not name
 */
export async function takeBaseline(
  tx: Tx,
  caller: Caller,
  input: BaselineInput,
  seen: VerifiedGateway,
): Promise<Baseline> {
  const { database = defaultDatabase, gateway_digest, reason, accepted_bodies } = input;
  const content = canonicalJson(seen.objects);
  const found = digestOfBytes(content);
  if (found !== gateway_digest) {
    throw new LifecycleProblem("GATEWAY_CHANGED", `The gateway of ${database} has another digest now: ${found}.`, {
      errors: [{ pointer: "/gateway_digest", detail: `must be the digest of the gateway as it is: ${found}` }],
    });
  }
  requireAcceptable(database, seen.verified, found, accepted_bodies);
  const baseline = presentBaseline(
    await insertBaseline(tx, { database, gateway_digest, content, reason, takenBy: caller.principal }),
  );
  await appendEvent(tx, caller, {
    action: "gateway.accepted",
    resourceType: "gateway_baseline",
    resourceId: String(baseline.baseline_id),
    after: {
      database,
      reason,
      objects: baseline.objects,
      ...(accepted_bodies === undefined ? {} : { accepted_bodies }),
    },
    digests: { gateway_digest },
  });
  return baseline;
}

function requireAcceptable(
  database: string,
  { acceptable, bodies_to_name, gateway_digest }: Acceptability,
  found: string,
  named: BaselineInput["accepted_bodies"] = {},
): void {
  if (!acceptable || gateway_digest !== found) {
    throw new LifecycleProblem("GATEWAY_INCOMPLETE", `The verification of the gateway of ${database} does not pass.`);
  }
  const missing = Object.entries(bodies_to_name).filter(([signature, md5]) => named[signature] !== md5);
  if (missing.length === 0) return;
  throw new LifecycleProblem("GATEWAY_INCOMPLETE", "Bodies that nobody knows are accepted by their digests only.", {
    errors: missing.map(([signature, md5]) => ({
      pointer: `/accepted_bodies/${signature.replaceAll("~", "~0").replaceAll("/", "~1")}`,
      detail: `must be the md5 of the body as it is: ${md5}`,
    })),
  });
}

/** Gateways that were accepted, newest first. */
export async function listBaselines(tx: Tx, query: BaselineQuery): Promise<PageOf<Baseline>> {
  const page = pageRequest(query, ["number"]);
  const rows = await selectBaselines(tx, query.database, page);
  return pageOf(rows, page.limit, (row) => [row.baseline_id], presentBaseline);
}

function presentBaseline(row: BaselineRow): Baseline {
  return { ...row, baseline_id: Number(row.baseline_id), taken_at: row.taken_at.toISOString() };
}
