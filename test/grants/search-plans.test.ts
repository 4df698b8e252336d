import pg from "pg";
import t from "tap";
import { type GrantFilter, selectGrants } from "../../src/grants/lists/store.ts";
import { seedGrants } from "../support/flow.ts";
import { scansOfStatements } from "../support/scans.ts";
import { setStage } from "../support/service.ts";

t.setTimeout(200_000);

t.test("operations: among 20,000 grants no list and no search reads the table from end to end", async (t) => {
  const { database, names } = await setStage(t);
  const batch = 1_000;
  for (let n = 0; n < 20; n += 1) {
    const prefix = n === 0 ? "OLDEST" : `BATCH${n}`;
    await database.transact((tx) => seedGrants(tx, batch, "1 hour", prefix, { plan_id: n < 2 ? "OLD" : "EVERY" }));
  }
  const owner = new pg.Client({ connectionString: names.superUrl });
  await owner.connect();
  await owner.query("VACUUM (ANALYZE) governance_build_authorization, approval_requests, approval_request_terms");
  await owner.end();
  const cases: readonly [string, GrantFilter, number][] = [
    ["everything", {}, 51],
    ["a plan of old grants", { planId: "OLD" }, 51],
    ["a plan that nobody knows", { planId: "NONE" }, 0],
    ["a word that all have", { search: "seed" }, 51],
    ["a word of old grants only", { search: "oldest" }, 51],
    ["a word that one has", { search: "oldest 777" }, 1],
    ["a word that nobody has", { search: "zebra" }, 0],
    ["a word of what is active", { search: "seed", status: "active" }, 51],
    ["a word within a plan", { search: "oldest", planId: "OLD" }, 51],
    ["a word of what is revoked", { search: "seed", status: "revoked" }, 0],
  ];
  await database.transact(async (tx) => {
    for (const [name, filter, count] of cases) {
      let found = -1;
      const scans = await scansOfStatements(tx, async (explaining) => {
        found = (await selectGrants(explaining, filter, { limit: 50, after: undefined })).length;
      });
      const ways = scans.map(({ relation, how, rows }) => `${relation}: ${how}, ${rows} rows`).join("; ");
      t.equal(found, count, name);
      t.notOk(
        scans.some(({ how }) => how.startsWith("Seq Scan")),
        `${name}: ${ways}`,
      );
      // Of so few grants an index scan of most of them costs the planner no more than a search for each that was found.
      t.ok(filter.search === "oldest" || scans.every(({ rows }) => rows <= 3 * batch), `${name} stays narrow: ${ways}`);
    }
  });
});
