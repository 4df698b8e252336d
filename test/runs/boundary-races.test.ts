import { setTimeout as pause } from "node:timers/promises";
import t from "tap";
import { type Database, openDatabase } from "../../src/database/index.ts";
import { makeBoundaries } from "../../src/runs/boundaries/boundaries.ts";
import { boundaryOf, recordOf, type Seeded, seedRuns, untouched } from "../support/boundaries.ts";
import { setStage } from "../support/service.ts";

t.setTimeout(120_000);

interface Race {
  readonly title: string;
  /** What happens to the run or its lease meanwhile. */
  readonly sql: (run: Seeded) => string;
  /** Whether whoever did it may rely on it: the run crosses nothing afterwards. */
  readonly stops: boolean;
}

const run = (changes: string) => (one: Seeded) =>
  `UPDATE c1_build_run SET ${changes} WHERE idempotency_root = '${one.root}'`;
const lease = (changes: string) => (one: Seeded) =>
  `UPDATE dot_iu_runtime_lease SET ${changes} WHERE lease_name = '${one.fence.leaseName}'`;

const races: readonly Race[] = [
  {
    title: "OPEN-9 a stop that was acknowledged",
    sql: run("stop_running = 'stop', stop_by = 'o', stop_at = clock_timestamp(), stop_reason = 'no'"),
    stops: true,
  },
  {
    title: "RUN-1 a deadline that has passed",
    sql: run("work_by = clock_timestamp() - interval '1 s'"),
    stops: true,
  },
  {
    title: "OPEN-9 a restore that parks the run",
    sql: run("claim_no = claim_no + 1, worker = 'service:recover'"),
    stops: true,
  },
  {
    title: "LEASE-2 a lease that is released",
    sql: lease("released_at = clock_timestamp()"),
    stops: true,
  },
  {
    title: "LEASE-2 a lease that another has taken",
    sql: (one) =>
      `${lease("released_at = clock_timestamp()")(one)};
       ${lease("fencing_token = 2, released_at = NULL, lease_token_hash = sha256('y'), expires_at = clock_timestamp() + interval '1 hour'")(one)}`,
    stops: true,
  },
  {
    title: "RUN-1 a claim that its holder prolongs",
    sql: run("claimed_until = clock_timestamp() + interval '30 s'"),
    stops: false,
  },
];

/** Makes the change past every trigger. @returns the state that the run is in when the change is made */
async function change(owner: Database, one: Seeded, { sql }: Race): Promise<string | undefined> {
  return owner.transact(async (tx) => {
    await tx.query("SET LOCAL session_replication_role = replica");
    await tx.query(sql(one));
    const { rows } = await tx.query<{ state: string }>("SELECT state FROM c1_build_run WHERE idempotency_root = $1", [
      one.root,
    ]);
    return rows[0]?.state;
  });
}

for (const race of races) {
  t.test(`${race.title} meets the boundaries of sixty runs, and each has crossed whole or not at all`, async (t) => {
    const { names } = await setStage(t);
    const database = openDatabase({ url: names.appUrl, poolSize: 20 });
    t.teardown(() => database.close());
    const owner = openDatabase({ url: names.superUrl, poolSize: 30 });
    t.teardown(() => owner.close());
    const runs = await seedRuns(owner, 60);
    const boundaries = makeBoundaries(database);
    const answers = await Promise.all(
      runs.map(async (one, index) => {
        // not a sleep: the two are to meet in every order, with other neighbours each time
        const after = async <T>(ms: number, act: () => Promise<T>): Promise<T> => pause(ms).then(act);
        return Promise.all([
          after((index * 7) % 60, () => boundaries.cross(boundaryOf(one)).catch(() => "refused" as const)),
          after((index * 11) % 60, () => change(owner, one, race)),
        ]);
      }),
    );
    const seen = new Set<unknown>();
    for (const [index, [crossed, found]] of answers.entries()) {
      const { root } = runs[index] as Seeded;
      const record = await recordOf(database, root);
      seen.add(crossed);
      if (race.stops) t.equal(record?.["state"], found, `${root}: nothing has moved it since`);
      t.match(record, crossed === 1 ? whole : untouched, `${root}: ${crossed}`);
    }
    if (race.stops) t.ok(seen.size > 1, "some crossed before it, and some came too late");
  });
}

/** What `recordOf` says of a run that has gone on. */
const whole = {
  state: "S1",
  last_ok_state: "S0",
  event_seq: 2,
  states: [
    ["S0", 1, "ok"],
    ["S1", 1, "running"],
  ],
  audit: [["run.state_ok"], ["run.state_started"]],
};
