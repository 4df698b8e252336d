import { clockJump } from "./clock.ts";
import { diskFull } from "./disk.ts";
import { exhaustion } from "./exhaustion.ts";
import type { Kind } from "./kind.ts";
import { lostReplies, lostStatements } from "./network.ts";
import { killPostgres, killService, nothing, stopPostgres, stopService } from "./processes.ts";

export type { Kind } from "./kind.ts";

/** Every kind of fault, in the order of the table. Failover to a synchronous standby is one more of them, with a cluster of two. */
export const kinds: readonly Kind[] = [
  nothing,
  killService,
  killPostgres,
  stopService,
  stopPostgres,
  lostReplies,
  lostStatements,
  exhaustion,
  diskFull,
  clockJump,
];
