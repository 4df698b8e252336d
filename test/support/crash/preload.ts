// Loaded into a service before it starts (`node --import`): follows the orders of a crash test.
import { appendFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { builds } from "../../../src/runs/index.ts";
import { beNaive } from "./naive.ts";
import { claims, type Orders, ordersVariable } from "./orders.ts";
import { isDue, never, type Statement, textOf, watchStatements, wire } from "./statements.ts";
import { tally } from "./tally.ts";

const orders = JSON.parse(process.env[ordersVariable] ?? "{}") as Orders;
let counting = false;
let seen = 0;

if (orders.tally === true) (builds as unknown[]).splice(0, builds.length, tally);
watchStatements({
  numberOf(text) {
    // The run stands before the process starts, so the first look finds it; all that follows is for the run.
    counting ||= claims.test(text);
    return counting ? "this process" : undefined;
  },
  at(moment, statement) {
    if (moment === "before" && orders.record !== undefined) {
      appendFileSync(orders.record, `${JSON.stringify(statement)}\n`);
    }
    // not a sleep: the pace that is asked for
    if (moment === "before" && orders.pace !== undefined) return pause(orders.pace);
    if (moment === "after" && isStop(statement)) process.kill(process.pid, "SIGSTOP");
    if (orders.die === undefined || !isDue(orders.die, moment, statement)) return undefined;
    process.kill(process.pid, "SIGKILL");
    return never;
  },
});
if (orders.naive === true) beNaive();

/** By their texts: a heartbeat comes in between when it likes, so the numbers of all statements say nothing here. */
function isStop({ database, text }: Statement): boolean {
  const { stop } = orders;
  return stop !== undefined && stop.database === database && stop.text === text && (seen += 1) === stop.nth;
}
if (orders.worker !== undefined) sayWorker(orders.worker);

/** The engine's name for itself is what it claims runs with. */
function sayWorker(file: string): void {
  const { query } = wire;
  wire.query = function (...given) {
    const [text, values] = given as [unknown, unknown[] | undefined];
    if (claims.test(textOf(text))) writeFileSync(file, String(values?.[0]));
    return query.apply(this, given);
  };
}
