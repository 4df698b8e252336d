import t from "tap";
import { consume, seedGrants } from "../../support/flow.ts";
import { letTimePass } from "../../support/past.ts";
import { type Service, setStage, spawnService } from "../../support/service.ts";

t.setTimeout(120_000);

const name = "lego1-c1-build";

t.test("LEASE-1 of 50 who take over a lapsed lease at once one gets it, and the fence rises by one", async (t) => {
  const stage = await setStage(t);
  const first = await spawnService(t, stage);
  const second = await spawnService(t, stage);
  for (let round = 1; round <= 8; round += 1) {
    if (round > 1) await letTimePass(stage, "dot_iu_runtime_lease", name);
    const codes = await stage.database.transact((tx) => seedGrants(tx, 50));
    const answers = await Promise.all(
      codes.map((code, n) =>
        consume((n % 2 === 0 ? first : second) as Service, code, `root-${n}`, { lease: { name } }),
      ),
    );
    const winners = answers.filter((one) => one.status === 200);
    t.equal(winners.length, 1, `round ${round}`);
    t.match(winners[0]?.body, { lease: { fencing_token: round } });
    t.equal(answers.filter((one) => String(one.body["code"]) === "LEASE_HELD").length, 49);
    const { rows } = await stage.database.transact((tx) =>
      tx.query(
        "SELECT status, count(*)::int AS n FROM governance_build_authorization WHERE auth_code = ANY ($1) GROUP BY 1 ORDER BY 1",
        [codes],
      ),
    );
    t.same(
      rows,
      [
        { status: "active", n: 49 },
        { status: "consumed", n: 1 },
      ],
      "the grants of the others are untouched",
    );
  }
  const { rows: twice } = await stage.database.transact((tx) =>
    tx.query("SELECT fencing_token FROM grant_receipts WHERE lease_name = $1 GROUP BY 1 HAVING count(*) > 1", [name]),
  );
  t.same(twice, [], "no fence was given out twice");
});
