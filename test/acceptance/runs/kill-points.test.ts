import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { once } from "node:events";
import { expectStatus } from "../../support/flow.ts";
import { faultsOfFinished, remains } from "../../support/run-remains.ts";
import {
  manifest,
  type Prepared,
  prepareCommit,
  prepareDryRun,
  readRun,
  startRun,
  untilRun,
  useTarget,
} from "../../support/runs.ts";
import { usableKey, type TestKey } from "../../support/commit.ts";
import {
  type Owner,
  setStage,
  type Service,
  type Spawned,
  type Stage,
  spawnService,
  startService,
} from "../../support/service.ts";

/** How much of the list is played: all of it with KILL_POINTS=all, else a random part, the commits more often. */
const all = process.env["KILL_POINTS"] === "all";
const seed = Number(process.env["KILL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const part = 0.06;
const preload = fileURLToPath(new URL("../../support/kill-point.ts", import.meta.url));
const states = 8;

t.setTimeout(all ? 3_600_000 : 240_000);
t.comment(`KILL_SEED=${seed}`);

type Kind = "commit" | "dry-run";
interface Statement {
  readonly number: number;
  readonly database: string;
  readonly text: string;
}
interface Point {
  readonly statement: Statement;
  readonly when: "before" | "after";
}
interface Lane {
  readonly stage: Stage;
  /** Takes requests and works on no run. */
  readonly front: Service;
  readonly targets: Record<string, string>;
  readonly key: TestKey;
}

const random = (() => {
  let state = seed >>> 0;
  return (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
})();

/** One place to play in: a control database of its own, and a target that is another one for each point. */
async function makeLane(t: Owner): Promise<Lane> {
  const stage = await setStage(t);
  const targets: Record<string, string> = { default: "postgres://nobody@127.0.0.1:1/none" };
  const front = await startService(t, { stage, config: { runConcurrency: 0 }, targets });
  return { stage, front, targets, key: await usableKey(front) };
}

function prepare(lane: Lane, kind: Kind): Promise<Prepared> {
  const input = { manifest: manifest(6) };
  return kind === "commit" ? prepareCommit(lane.front, input, { key: lane.key }) : prepareDryRun(lane.front, input);
}

/** A service as a process of its own, which takes the run up and writes down or dies as ordered. */
function victim(t: Owner, lane: Lane, targetUrl: string, orders: object): Promise<Spawned> {
  return spawnService(t, lane.stage, {
    NODE_OPTIONS: `--import=${preload}`,
    KILL_POINT: JSON.stringify(orders),
    TARGETS: JSON.stringify({ default: targetUrl }),
    RUN_LEASE_SECONDS: "3600",
    RUN_POLL_MS: "60000",
    SWEEP_INTERVAL_MS: "3600000",
  });
}

/** Plays one run to its end, with a process killed on the way where a point is given. @returns what is left */
async function play(t: Owner, lane: Lane, kind: Kind, orders: object): Promise<{ left: string; faults: string[] }> {
  const target = await useTarget(t);
  const prepared = await prepare(lane, kind);
  await expectStatus(startRun(lane.front, prepared), 202);
  const killed = "at" in orders;
  // The process may be killed before it says where it is.
  const starting = victim(t, lane, target.url, orders).catch((error: unknown) => {
    if (!killed) throw error;
    return undefined;
  });
  const service = await starting;
  if (killed) {
    await gone(service).catch(async (error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(await readRun(lane.front, prepared.root))}`, {
        cause: error,
      });
    });
    await lane.stage.database.transact((tx) =>
      tx.query(
        "UPDATE c1_build_run SET claimed_until = clock_timestamp() WHERE idempotency_root = $1 AND status <> 'succeeded'",
        [prepared.root],
      ),
    );
    await startService(t, { stage: lane.stage, targets: { default: target.url }, config: { runPollMs: 20 } });
  }
  await untilRun(lane.front, prepared.root);
  return {
    left: await remains(target, prepared),
    faults: await faultsOfFinished(lane.stage, target, prepared, states),
  };
}

async function gone(service: Spawned | undefined): Promise<void> {
  if (service === undefined || service.child.exitCode !== null || service.child.signalCode !== null) return;
  const late = new AbortController();
  // not a sleep: the longest that a process may take to come to its point
  const timer = setTimeout(() => late.abort(new Error("the process did not come to its point")), 20_000);
  await once(service.child, "exit", { signal: late.signal }).finally(() => clearTimeout(timer));
}

/** Cleans up behind each point, not only at the end of the test. */
async function scoped<T>(work: (owner: Owner) => Promise<T>): Promise<T> {
  const cleanups: (() => Promise<unknown>)[] = [];
  try {
    return await work({ teardown: (cleanup) => cleanups.unshift(cleanup) });
  } finally {
    for (const cleanup of cleanups) await cleanup();
  }
}

/** Records the statements of a run that nothing happens to. */
async function statementsOf(t: Test, lane: Lane, kind: Kind): Promise<{ statements: Statement[]; left: string }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "countersign-points-"));
  t.teardown(async () => rmSync(folder, { recursive: true, force: true }));
  const record = path.join(folder, "statements");
  // Its process must be gone before the next run comes: it would take that up as well.
  const { left, faults } = await scoped((owner) => play(owner, lane, kind, { record }));
  t.same(faults, [], "the uninterrupted run is as it should be");
  const lines = readFileSync(record, "utf8").trimEnd().split("\n");
  const statements = lines.map((line) => JSON.parse(line) as Statement);
  // What follows the end of the run is the next look for work.
  const last = statements.findLastIndex(({ text }) => /INSERT INTO audit_events/.test(text));
  return { statements: statements.slice(0, last + 2), left };
}

/** One point alone, for whoever looks for its fault: KILL_ONLY=117:after. */
function only({ statement, when }: Point): boolean {
  const wanted = process.env["KILL_ONLY"];
  return wanted === undefined || wanted === `${statement.number}:${when}`;
}

function pointsOf(statements: readonly Statement[]): Point[] {
  const points = statements.flatMap((statement) => [
    { statement, when: "before" as const },
    { statement, when: "after" as const },
  ]);
  return points.filter((point) => {
    if (process.env["KILL_ONLY"] !== undefined) return only(point);
    const { text } = point.statement;
    return all || random() < (text.endsWith("COMMIT") || text.includes("grant_receipts") ? 4 * part : part);
  });
}

for (const kind of ["commit", "dry-run"] as const) {
  t.test(`RUN-2 a ${kind} run that is killed at any statement ends as one that was not`, async (t) => {
    const lanes = [await makeLane(t), await makeLane(t)];
    const [first] = lanes as [Lane, Lane];
    const { statements, left } = await statementsOf(t, first, kind);
    const points = pointsOf(statements);
    t.comment(`${kind}: ${statements.length} statements, ${points.length} of ${statements.length * 2} points`);
    t.ok(statements.length > 60, "the list is that of a whole run");
    const began = performance.now();
    const queue = [...points];
    await Promise.all(
      lanes.map(async (lane) => {
        for (let point = queue.shift(); point !== undefined; point = queue.shift()) {
          const { statement, when } = point;
          const played = await scoped((owner) => play(owner, lane, kind, { at: statement.number, when })).catch(
            (error: unknown) => ({ left: "", faults: [String(error)] }),
          );
          const name = `${when} ${statement.number}: ${statement.text.slice(0, 60)}`;
          t.same(played.faults, [], name);
          t.equal(played.left, left, `${name}: what is left is the same, byte for byte`);
        }
      }),
    );
    t.comment(`${kind}: ${points.length} points in ${Math.round((performance.now() - began) / 1_000)} s`);
  });
}
