import type { Tx } from "../database/index.ts";
import { type Standing, standing } from "./store.ts";

export type { Standing } from "./store.ts";

/** What a watcher of the service wants to know at any time: nothing here reads more than what is open (OPEN-6). */
export function readStanding(tx: Tx): Promise<Standing> {
  return standing(tx);
}
