import t from "tap";
import { openDatabase, type Tx } from "../../src/database/index.ts";
import { answerOnce, type Claim } from "../../src/idempotency/index.ts";
import { find } from "../../src/idempotency/store.ts";
import { useDatabase } from "../support/cluster.ts";

const claim: Claim = {
  principal: "requester",
  method: "POST",
  path: "/v1/acts",
  key: "k",
  requestDigest: "sha256:one",
};
const answer = { status: 201, headers: {}, body: "{}", contentType: "application/json" };

/** Whether the commit of this transaction waits for a synchronous standby: it has an id, and so something in the log. */
async function waits(tx: Tx): Promise<boolean | undefined> {
  const { rows } = await tx.query<{ waits: boolean }>("SELECT pg_current_xact_id_if_assigned() IS NOT NULL AS waits");
  return rows[0]?.waits;
}

t.test("OPEN-7 what is answered again is as durable as what was answered first", async (t) => {
  const database = openDatabase({ url: (await useDatabase(t)).appUrl, poolSize: 2 });
  t.teardown(() => database.close());
  const ask = () =>
    database.transact(async (tx) => {
      const { replayed } = await answerOnce(
        tx,
        claim,
        async () => ({ answer }),
        () => answer,
      );
      return { replayed, waits: await waits(tx) };
    });
  t.same(await ask(), { replayed: false, waits: true });
  t.same(await ask(), { replayed: true, waits: true });

  const naive = await database.transact(async (tx) => ({ found: await find(tx, claim), waits: await waits(tx) }));
  t.match(naive, { found: { answer }, waits: false }, "the control: reading alone waits for nobody");
});
