// A process with several engines, each on a run and on databases of its own, as `victims.ts` has; but where each is to be
// held is only a number, since it is not known what an engine finds that goes on behind others. It is held at the end of
// its run at the latest. Once all are held, the process says where each is and is killed as SIGKILL does it.
import { writeSync } from "node:fs";
import process from "node:process";
import { startEngine } from "./engine.ts";
import { claims, ordersVariable } from "./orders.ts";
import type { Held, RelentlessOrders } from "./relentless-orders.ts";
import { never, watchStatements } from "./statements.ts";

const { victims } = JSON.parse(process.env[ordersVariable] ?? "") as RelentlessOrders;
const databases = new Map<string, number>();
for (const [index, { controlUrl, targetUrl }] of victims.entries()) {
  for (const url of [controlUrl, targetUrl]) databases.set(new URL(url).pathname.slice(1), index);
}
const counting = new Set<number>();
const held = new Map<number, Held>();

function hold(index: number, where: Held): Promise<void> {
  if (!held.has(index)) held.set(index, where);
  if (held.size === victims.length) {
    writeSync(1, JSON.stringify(victims.map((_, one) => held.get(one))));
    process.kill(process.pid, "SIGKILL");
  }
  return never;
}

watchStatements({
  numberOf(text, { database }) {
    const index = databases.get(database) ?? -1;
    if (claims.test(text)) counting.add(index);
    return counting.has(index) ? String(index) : undefined;
  },
  at(moment, { number, text, database }) {
    const index = databases.get(database) ?? -1;
    const victim = victims[index];
    if (victim === undefined) return undefined;
    // Nothing more of an engine that is held is sent or heard, over whichever connection.
    if (held.has(index)) return never;
    // It looks for more work: its run has ended.
    if (number > 1 && claims.test(text)) return hold(index, { ended: true, number, moment, text });
    if (number === victim.number && moment === victim.moment)
      return hold(index, { ended: false, number, moment, text });
    return undefined;
  },
});
for (const place of victims) startEngine(place, { leaseSeconds: 3_600, pollMs: 60_000 });
// Neither timers nor connections of engines that are held keep a process alive.
setInterval(() => undefined, 1_000);
