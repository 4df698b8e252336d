import pg from "pg";
import t from "tap";
import { openDatabase } from "../../src/database/index.ts";
import { ServiceProblem } from "../../src/kernel/problems.ts";
import { c1Vocabulary } from "../../src/runs/builds/c1-vocabulary/index.ts";
import { ClaimLost, HandedOver } from "../../src/runs/engine/engine.ts";
import { backoff, isTransient, targetProblem } from "../../src/runs/engine/faults.ts";
import { RunProblem } from "../../src/runs/errors.ts";
import type { AnyBuild } from "../../src/runs/index.ts";
import { useDatabase } from "../support/cluster.ts";

const build = c1Vocabulary as AnyBuild;
const problemOf = (error: unknown) => targetProblem(error, "default", build);

/** Asks a real server through our own transaction. @returns what a statement comes to */
async function failing(t: Parameters<typeof useDatabase>[0]): Promise<(sql: string) => Promise<unknown>> {
  const { ownerUrl } = await useDatabase(t, { migrated: false });
  const database = openDatabase({ url: ownerUrl, poolSize: 1, statementTimeoutMs: 100, lockTimeoutMs: 50 });
  t.teardown(() => database.close());
  return (sql) =>
    database
      .transact((tx) => tx.query(sql))
      .then(
        () => undefined,
        (error: unknown) => error,
      );
}

const raise = (sqlstate: string, constraint = "", words = "secret value"): string =>
  `DO $$ BEGIN RAISE EXCEPTION '${words}' USING ERRCODE = '${sqlstate}'${constraint && `, CONSTRAINT = '${constraint}'`}; END $$`;

t.test("RUN-3 each state of a server is told by what it means, and only what may pass is tried again", async (t) => {
  const cases: [string, string, RegExp, boolean][] = [
    ["SELECT pg_sleep(5)", "TARGET_UNAVAILABLE", /a statement took too long/, true],
    [raise("55P03"), "TARGET_UNAVAILABLE", /a lock was not to be had in time/, true],
    [raise("53100"), "TARGET_UNAVAILABLE", /its disk is full/, true],
    [raise("53200"), "TARGET_UNAVAILABLE", /no memory left/, true],
    [raise("53300"), "TARGET_UNAVAILABLE", /no connection left/, true],
    [raise("57P01"), "TARGET_UNAVAILABLE", /the connection was lost/, true],
    [raise("40001"), "TARGET_UNAVAILABLE", /did not finish/, true],
    [raise("40P01"), "TARGET_UNAVAILABLE", /did not finish/, true],
    [raise("58030"), "TARGET_UNAVAILABLE", /did not finish/, true],
    ["SELECT pg_terminate_backend(pg_backend_pid())", "TARGET_UNAVAILABLE", /the connection was lost/, true],
    ["SET TRANSACTION READ ONLY; CREATE TABLE a ()", "TARGET_READ_ONLY", /does not take writes/, false],
    ["CREATE TABLE pg_catalog.a ()", "STATE_FAILED", /refused with 42501/, false],
    ["SELECT 1 / 0", "STATE_FAILED", /refused with 22012/, false],
    ["SELECT * FROM nothing", "STATE_FAILED", /refused with 42P01/, false],
    [raise("23514", "some_rule"), "STATE_FAILED", /refused with 23514 \(some_rule\)/, false],
    [raise("23514", "rbp_8_successor_active", "not active"), "RBP-8", /The target refuses: not active/, false],
    [raise("23514", "rbp_10_in_collection", "gone"), "RBP-10", /gone/, false],
    [raise("23514", "value_conflict", "said otherwise"), "STATE_FAILED", /said otherwise/, false],
  ];
  const thrownBy = await failing(t);
  for (const [sql, code, detail, transient] of cases) {
    const problem = problemOf(await thrownBy(sql));
    t.match([problem.code, problem.message], [code, detail], sql);
    t.equal(isTransient(problem), transient, `${sql} is ${transient ? "" : "not "}tried again`);
    t.notMatch(problem.message, /secret value|SELECT|CREATE|DO \$/, "neither SQL nor values are shown");
  }
});

t.test("RUN-3 a target that is not there is unavailable; what is no fault of a target is not laid on it", async (t) => {
  const away = openDatabase({ url: "postgres://nobody@127.0.0.1:1/none", poolSize: 1 });
  t.teardown(() => away.close());
  const refused = await away.transact((tx) => tx.query("SELECT 1")).catch((error: unknown) => error);
  t.match(problemOf(refused), { code: "TARGET_UNAVAILABLE" });
  t.match(problemOf(new pg.DatabaseError("x", 1, "error")), { code: "STATE_FAILED" });
  t.match(problemOf(new TypeError("a slip of ours: hunter2")), { code: "STATE_FAILED", message: /^(?!.*hunter2)/ });
  t.match(problemOf("thrown as a string"), { code: "STATE_FAILED", cause: "thrown as a string" });
  const own = new RunProblem("SCHEMA_DIGEST_MISMATCH", "Not the approved one.");
  t.equal(problemOf(own), own, "a refusal of the build is the answer");
  const busy = new ServiceProblem("OVERLOADED", "Later.");
  t.match(problemOf(busy), { code: "TARGET_UNAVAILABLE", cause: busy });
  for (const signal of [new ClaimLost("another's"), new HandedOver("drained")]) {
    t.throws(() => problemOf(signal), { message: signal.message }, "is no fault at all");
  }
});

t.test("RUN-3 the pause before an attempt doubles up to five seconds, with full jitter", (t) => {
  for (const [attempt, most] of [
    [1, 100],
    [3, 400],
    [6, 3_200],
    [7, 5_000],
    [40, 5_000],
    [2_000, 5_000],
  ] as const) {
    const drawn = Array.from({ length: 200 }, () => backoff(attempt));
    t.ok(
      drawn.every((one) => Number.isInteger(one) && one >= 0 && one <= most),
      `${attempt}: at most ${most}`,
    );
    t.ok(Math.max(...drawn) > most / 2 && Math.min(...drawn) < most / 2, `${attempt}: all of the range is used`);
  }
  t.end();
});
