import t from "tap";
import type { Database } from "../../src/database/index.ts";
import { type Boundary, makeBoundaries } from "../../src/runs/boundaries/boundaries.ts";
import { insertAttempt } from "../../src/runs/progress/store.ts";
import { boundaryOf, recordOf, type Seeded, seedRun, seedRuns, untouched } from "../support/boundaries.ts";
import { seedGrants } from "../support/flow.ts";
import { setStage } from "../support/service.ts";

t.setTimeout(120_000);

t.test("RUN-1 of runs that come to a boundary together each is judged for itself", async (t) => {
  const { database } = await setStage(t);
  const runs = await seedRuns(database, 12);
  const [stopped, late, claimed, fenced, released, tried, elsewhere, ...plain] = runs as [Seeded, ...Seeded[]] &
    Seeded[];
  const change = (text: string, ...values: unknown[]) => database.transact((tx) => tx.query(text, values));
  await change(
    "UPDATE c1_build_run SET stop_running = 'stop', stop_by = 'o', stop_at = clock_timestamp(), stop_reason = 'no' WHERE idempotency_root = $1",
    stopped?.root,
  );
  await change("UPDATE c1_build_run SET work_by = clock_timestamp() WHERE idempotency_root = $1", late?.root);
  await change("UPDATE c1_build_run SET claim_no = 2 WHERE idempotency_root = $1", claimed?.root);
  await change(
    "UPDATE dot_iu_runtime_lease SET released_at = clock_timestamp() WHERE lease_name = $1",
    released?.fence.leaseName,
  );
  await database.transact((tx) => insertAttempt(tx, tried?.root ?? "", "forward", "S1", null));
  const boundaries = makeBoundaries(database);
  const cross = (boundary: Boundary) => boundaries.cross(boundary);
  const stale = { ...(fenced as Seeded).fence, fencingToken: 2 };
  const odd = [stopped, late, claimed, released, tried].map((run) => cross(boundaryOf(run as Seeded)));
  odd.push(
    cross(boundaryOf(fenced as Seeded, { fence: stale })),
    cross(boundaryOf(elsewhere as Seeded, { state: "S7" })),
  );
  const going = plain.map((run) => cross(boundaryOf(run)));
  t.same(
    await Promise.all(going),
    plain.map(() => 1),
    "those that simply go on begin their next state",
  );
  t.same(
    await Promise.all(odd),
    odd.map(() => undefined),
    "the others are left to themselves",
  );
  for (const { root } of plain) {
    t.match(await recordOf(database, root), {
      state: "S1",
      last_ok_state: "S0",
      event_seq: 2,
      states: [
        ["S0", 1, "ok", { seen: root }],
        ["S1", 1, "running", null],
      ],
      events: [
        [1, "state_ok", "S0", 1, { seen: root }],
        [2, "state_started", "S1", 1, {}],
      ],
      audit: [
        ["run.state_ok", "c1-builder", null, { state: "S0", attempt: 1, detail: { seen: root } }],
        ["run.state_started", "c1-builder", null, { state: "S1", attempt: 1 }],
      ],
    });
  }
  for (const run of [stopped, late, claimed, fenced, released, tried, elsewhere]) {
    t.match(await recordOf(database, run?.root ?? ""), untouched);
  }
  t.equal(await cross(boundaryOf(plain[0] as Seeded)), undefined, "a boundary that was crossed is not crossed again");
});

t.test("RUN-1 one that the database refuses, or that another holds, keeps its neighbours from nothing", async (t) => {
  const { database } = await setStage(t);
  const [held, bad, ...plain] = (await seedRuns(database, 6)) as [Seeded, Seeded, ...Seeded[]];
  const boundaries = makeBoundaries(database);
  const cross = (boundary: Boundary) => boundaries.cross(boundary);
  await database.transact(async (tx) => {
    await tx.query("SELECT FROM c1_build_run WHERE idempotency_root = $1 FOR UPDATE", [held.root]);
    const all = await Promise.all([held, ...plain].map((run) => cross(boundaryOf(run))));
    t.same(all, [undefined, ...plain.map(() => 1)], "who is held is not waited for");
  });
  t.match(await recordOf(database, held.root), untouched);
  const refused = await Promise.allSettled([
    cross(boundaryOf(bad, { next: null as never })),
    ...plain.map((run) => cross(boundaryOf(run, { state: "S1", next: "S2" }))),
  ]);
  t.ok(
    refused.every((one) => one.status === "rejected" || one.value === undefined),
    "nothing of what was refused has happened",
  );
  for (const run of plain) t.match(await recordOf(database, run.root), { state: "S1", event_seq: 2 });
  const again = await Promise.all(plain.map((run) => cross(boundaryOf(run, { state: "S1", next: "S2" }))));
  t.same(
    again,
    plain.map(() => 1),
    "and each goes on afterwards",
  );
});

/** Crosses as one would that compares first and writes afterwards. */
async function crossNaively(database: Database, { root }: Seeded, between: () => Promise<unknown>): Promise<void> {
  const { rows } = await database.transact((tx) =>
    tx.query<{ claim_no: string }>("SELECT claim_no FROM c1_build_run WHERE idempotency_root = $1", [root]),
  );
  await between();
  if (rows[0]?.claim_no !== "1") return;
  await database.transact((tx) =>
    tx.query("UPDATE c1_build_run SET last_ok_state = state, state = 'S1' WHERE idempotency_root = $1", [root]),
  );
}

/** Takes the run up for another process. @returns the state that it finds */
async function takeUp(database: Database, { root }: Seeded): Promise<string | undefined> {
  const { rows } = await database.transact((tx) =>
    tx.query<{ state: string }>(
      "UPDATE c1_build_run SET claim_no = claim_no + 1 WHERE idempotency_root = $1 RETURNING state",
      [root],
    ),
  );
  return rows[0]?.state;
}

t.test("OPEN-9 after another has taken a run up, nothing of the former holder's crosses", async (t) => {
  const { database } = await setStage(t);
  const runs = await seedRuns(database, 60);
  const boundaries = makeBoundaries(database);
  const cross = (boundary: Boundary) => boundaries.cross(boundary);
  const found = new Map<string, string | undefined>();
  await Promise.all(
    runs.flatMap((run, index) => {
      const steps = [() => cross(boundaryOf(run)), async () => void found.set(run.root, await takeUp(database, run))];
      return (index % 2 === 0 ? steps : steps.toReversed()).map((step) => step());
    }),
  );
  for (const { root } of runs) t.match(await recordOf(database, root), { state: found.get(root) }, root);
  // The control: who compares first and writes afterwards writes over the new holder.
  const [one] = (await seedMore(database)) as [Seeded];
  let seen: string | undefined;
  await crossNaively(database, one, async () => void (seen = await takeUp(database, one)));
  t.not((await recordOf(database, one.root))?.["state"], seen, "the naive way is caught by the same comparison");
});

async function seedMore(database: Database): Promise<Seeded[]> {
  return database.transact(async (tx) => {
    const [authCode = ""] = await seedGrants(tx, 1);
    await seedRun(tx, "one more", authCode);
    return [{ root: "one more", fence: { leaseName: "none", fencingToken: 1, authCode } }];
  });
}
