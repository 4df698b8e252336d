import type { Database } from "../../database/index.ts";
import { findLatestBaseline } from "../gateway/baselines/store.ts";
import type { GatewayObject } from "../gateway/schemas.ts";
import { acceptedBodies } from "./accepted.ts";
import { verifyLifecycle } from "./report.ts";
import type { VerificationReport } from "./schemas.ts";

/**
 * Verifies a configured target, with what was accepted of its base (LIFE-5).
 * @throws RunProblem TARGET_UNAVAILABLE; ServiceProblem DATABASE_UNAVAILABLE or OVERLOADED
 */
export async function verifyTarget(
  control: Database,
  open: (database: string) => Promise<Database>,
  database: string,
): Promise<VerificationReport> {
  const baseline = await control.transact((tx) => findLatestBaseline(tx, database), { readOnly: true });
  const target = await open(database);
  if (baseline === undefined) return verifyLifecycle(target, { database });
  const accepted = acceptedBodies(JSON.parse(baseline.content) as GatewayObject[]);
  return verifyLifecycle(target, { database, accepted });
}
