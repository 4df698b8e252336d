import t from "tap";
import { type RequestFilter, selectRequests } from "../../src/approvals/lists/store.ts";
import type { Tx } from "../../src/database/index.ts";
import { fillRequests, ofOldPlan } from "../support/many-requests.ts";
import { scansOfStatements } from "../support/scans.ts";
import { setStage } from "../support/service.ts";

t.setTimeout(200_000);

/** The scans of the list's own statements. */
const scans = (tx: Tx, filter: Partial<RequestFilter>, after?: readonly string[]) =>
  scansOfStatements(tx, (explaining) =>
    selectRequests(explaining, { principal: "approver_1", mayVote: true, ...filter }, { limit: 50, after }),
  );

t.test("operations: among 100,000 requests no list and no search reads the table from end to end", async (t) => {
  const { database, names } = await setStage(t);
  const count = 100_000;
  await fillRequests(names, count);
  const halfway = [String((Date.now() - (count / 2) * 5_000) * 1_000), "H-000050000"];
  const cases: readonly [string, Partial<RequestFilter>, (readonly string[])?][] = [
    ["a word that all have", { search: "rehearse" }],
    ["a word that all have, from halfway", { search: "rehearse" }, halfway],
    ["a word that one has", { search: "77777" }],
    ["a code", { search: "H-000077777" }],
    ["the beginning of many words", { search: "h-0000" }],
    ["one letter", { search: "h" }],
    ["a common and a rare word", { search: "rehearse 77777" }],
    ["two words that no request has both", { search: "old nightly" }],
    ["a word of old requests only", { search: "old" }],
    ["a word of one in a thousand", { search: "dong vocab" }],
    ["a word that nobody has", { search: "zebra" }],
    ["nothing to look for", { search: "%" }],
    ["a word of what is open", { search: "rehearse", status: "open" }],
    ["a word of what waits for me", { search: "rehearse", relation: "can_vote" }],
    ["a plan", { planId: "PLAN-77" }],
    ["a plan that nobody uses any more", { planId: "OLD" }],
    ["a plan of every night", { planId: "NIGHTLY" }],
    ["a plan that nobody knows", { planId: "NONE" }],
    ["a target", { target: "T-77" }],
    ["a plan and a target", { planId: "NIGHTLY", target: "T-100" }],
    ["production", { environment: "production" }],
    ["rehearsal", { environment: "rehearsal" }],
    ["rehearsal, from halfway", { environment: "rehearsal" }, halfway],
    ["sovereign", { risk: "sovereign" }],
    ["sovereign and open", { risk: "sovereign", status: "open" }],
    ["high and rejected", { risk: "high", status: "rejected" }],
    ["what to compare with", { comparableTo: "H-000099900" }],
    ["what to compare an old one with", { comparableTo: "H-000000100" }],
    ["everything", {}],
  ];
  // The rows of a page, those of the narrowest filter, and as many again that another filter leaves out.
  const most = 12 * ofOldPlan;
  await database.transact(async (tx) => {
    for (const [name, filter, after] of cases) {
      const found = await scans(tx, filter, after);
      const ways = found.map(({ relation, how, rows }) => `${relation}: ${how}, ${rows} rows`).join("; ");
      t.equal(found.length === 0, filter.search === "%", `${name} is looked for`);
      t.notOk(
        found.some(({ how }) => how.startsWith("Seq Scan")),
        `${name}: ${ways}`,
      );
      t.ok(
        found.every(({ rows }) => rows <= most),
        `${name} stays narrow: ${ways}`,
      );
    }
  });
});
