import t from "tap";
import { openDatabase, type Tx } from "../../src/database/index.ts";
import { answerOnce, type Claim } from "../../src/idempotency/index.ts";
import { find } from "../../src/idempotency/store.ts";
import { submitRequest } from "../../src/approvals/index.ts";
import { registerPlan } from "../../src/plans/index.ts";
import { planText, sqlStep } from "../acceptance/plans/small-plan.ts";
import { useDatabase } from "../support/cluster.ts";
import { approvalRequest } from "../support/flow.ts";
import { setStage } from "../support/service.ts";

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

t.test("OPEN-7 a request and a plan that are sent again are as durable as when they were sent first", async (t) => {
  const { database } = await setStage(t);
  const caller = { principal: "requester", roles: ["requester"] as const, requestId: "r" };
  const request = approvalRequest() as unknown as Parameters<typeof submitRequest>[2];
  const source = planText([sqlStep(1, { sql: "SELECT 1" })], { schemas: ["app", "public"] });
  for (const fresh of [true, false]) {
    const submitted = await database.transact(async (tx) => {
      const { created } = await submitRequest(tx, caller, request);
      return { created, waits: await waits(tx) };
    });
    t.same(submitted, { created: fresh, waits: true });
    const registered = await database.transact(async (tx) => {
      const { fresh: isNew } = await registerPlan(tx, caller, ["default"], { source });
      return { isNew, waits: await waits(tx) };
    });
    t.same(registered, { isNew: fresh, waits: true });
  }
});
