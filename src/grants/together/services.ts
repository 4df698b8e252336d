import type { Database } from "../../database/index.ts";
import { Batches } from "./batches.ts";
import { type Consumed, type ConsumeItem, consumeTogether } from "./consume.ts";
import { type Verified, type VerifyItem, verifyTogether } from "./verify.ts";

/** The questions that share round trips and commits with others that arrive at the same time. */
export interface GrantServices {
  /** @throws GrantProblem, ServiceProblem as `consumeGrant` */
  consume(item: ConsumeItem): Promise<Consumed>;
  /** @throws GrantProblem, ServiceProblem as `verifyGrant` */
  verify(item: VerifyItem): Promise<Verified>;
}

/**
 * Rows of one statement, and statements under way at once. Small enough that the parts overlap: while one batch commits, the next is being
 * judged and a third is answered; clients that wait for their answers would otherwise all wait for one batch. Measured, not reckoned.
 */
const ofConsumes = { most: 16, lanes: 4 };
const ofVerifies = { most: 32, lanes: 3 };
/** More than a process can have answered within a client's patience. */
const waiting = 4_096;
/** Requests for one grant: of them one wins, and a thousand at once is more than anybody has. */
const waitingOfKey = 2_048;

export function makeGrantServices(database: Database): GrantServices {
  const consumes = new Batches<ConsumeItem, Consumed>({
    run: (items) => consumeTogether(database, items),
    // Two that want one grant: the second is judged once the first is settled.
    key: (item) => item.authCode,
    ...ofConsumes,
    waiting,
    waitingOfKey,
  });
  let asked = 0;
  const verifies = new Batches<VerifyItem, Verified>({
    run: (items) => verifyTogether(database, items),
    key: () => String((asked += 1)),
    ...ofVerifies,
    waiting,
    waitingOfKey,
  });
  return { consume: (item) => consumes.add(item), verify: (item) => verifies.add(item) };
}
