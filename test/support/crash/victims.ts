// A process with several engines, each on a run and on databases of its own. Each is held when it has come to its point:
// from there on nothing more of it is sent or heard. Once all are, the process is killed as SIGKILL does it.
import process from "node:process";
import { startEngine } from "./engine.ts";
import { beNaive } from "./naive.ts";
import { claims, ordersVariable, type VictimOrders } from "./orders.ts";
import { isDue, never, watchStatements } from "./statements.ts";

const { victims, naive, tally = false } = JSON.parse(process.env[ordersVariable] ?? "") as VictimOrders;
const databases = new Map<string, number>();
for (const [index, { controlUrl, targetUrl }] of victims.entries()) {
  for (const url of [controlUrl, targetUrl]) databases.set(new URL(url).pathname.slice(1), index);
}
const counting = new Set<number>();
let held = 0;

watchStatements({
  numberOf(text, { database }) {
    const index = databases.get(database) ?? -1;
    if (claims.test(text)) counting.add(index);
    return counting.has(index) ? String(index) : undefined;
  },
  at(moment, statement) {
    const victim = victims[databases.get(statement.database) ?? -1];
    if (victim === undefined || !isDue(victim.die, moment, statement)) return undefined;
    held += 1;
    if (held === victims.length) process.kill(process.pid, "SIGKILL");
    return never;
  },
});
if (naive === true) beNaive();
for (const place of victims) startEngine(place, { leaseSeconds: 3_600, pollMs: 60_000, tally });
// Neither timers nor connections of engines that are held keep a process alive.
setInterval(() => undefined, 1_000);
