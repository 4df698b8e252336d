import { clockJump } from "./clock.ts";
import { diskFull } from "./disk.ts";
import { exhaustion } from "./exhaustion.ts";
import { failover } from "./failover.ts";
import type { Kind } from "./kind.ts";
import { lostReplies, lostStatements } from "./network.ts";
import { patroni } from "./patroni.ts";
import { killPostgres, killService, nothing, stopPostgres, stopService } from "./processes.ts";
import { target } from "./target.ts";

export type { Kind } from "./kind.ts";

/** Every kind of fault, in the order of the table. The last two take two servers, and longer. */
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
  target,
  failover,
  patroni,
];
