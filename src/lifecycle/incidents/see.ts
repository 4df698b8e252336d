import type { Database } from "../../database/index.ts";
import { selectAccepted } from "../gateway/baselines/store.ts";
import { gatewayDigest, readGateway } from "../gateway/catalog.ts";
import { seeDetector } from "./detector/read.ts";
import type { DetectorState } from "./schemas.ts";
import { findPosition } from "./store.ts";

/** How the accepted gateway of a target looks now. */
export interface GatewaySighting {
  readonly database: string;
  readonly accepted: string;
  /** Undefined where the target could not be looked at. */
  readonly seen: { readonly gateway_digest: string; readonly detector: DetectorState } | undefined;
}

/** A look at each target whose gateway was accepted; nothing is written, and no incident opened. */
export async function seeGateways(
  control: Database,
  open: (database: string) => Promise<Database>,
): Promise<GatewaySighting[]> {
  const accepted = await control.transact(
    async (tx) => {
      const found = [];
      for (const one of await selectAccepted(tx)) {
        found.push({ ...one, position: await findPosition(tx, one.database) });
      }
      return found;
    },
    { readOnly: true },
  );
  return Promise.all(
    accepted.map(async ({ database, gateway_digest, position }) => {
      const sighting = { database, accepted: gateway_digest };
      try {
        const target = await open(database);
        const found = gatewayDigest(await target.transact(readGateway, { readOnly: true }));
        return { ...sighting, seen: { gateway_digest: found, detector: await seeDetector(target, position) } };
      } catch {
        // Why it cannot be reached is told by whoever works on it.
        return { ...sighting, seen: undefined };
      }
    }),
  );
}
