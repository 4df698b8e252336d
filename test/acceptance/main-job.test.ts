import t from "tap";
import { bindings, consume, mintGrant, seedGrants } from "../support/flow.ts";
import { startService } from "../support/service.ts";

t.test("GRANT-3 a minted grant is verified and consumed once, and its receipt is answered again", async (t) => {
  const service = await startService(t);
  const authCode = await mintGrant(service);

  const verified = await service.call("POST", "/v1/grants/verify", { as: "c1-builder", body: bindings() });
  t.equal(verified.status, 200);
  t.match(verified.body, { verdict: "valid", auth_code: authCode });

  const first = await consume(service, authCode, "root-1", { lease: { name: "lego1-c1-build" } });
  t.equal(first.status, 200);
  t.match(first.body, { replayed: false, consumed_by: "c1-builder", lease: { fencing_token: 1 } });

  const again = await consume(service, authCode, "root-1", { lease: { name: "lego1-c1-build" } });
  t.equal(again.status, 200);
  t.same({ ...again.body, replayed: false }, first.body);

  const other = await consume(service, authCode, "root-2");
  t.equal(other.status, 409);
  t.match(other.body, { code: "REJECT_AUTH_ALREADY_CONSUMED" });
});

t.test("GRANT-3 a seeded grant is one like any other", async (t) => {
  const service = await startService(t);
  const [authCode = ""] = await service.stage.database.transact((tx) => seedGrants(tx, 3));
  const consumed = await consume(service, authCode, "root-1");
  t.equal(consumed.status, 200, consumed.text);
});

t.test("GRANT-8 an answer kept under an idempotency key has no lease token in it, and its replay has", async (t) => {
  const service = await startService(t);
  const authCode = await mintGrant(service);
  const body = { ...bindings(), idempotency_root: "root-1", lease: { name: "lego1-c1-build" } };
  const options = { as: "c1-builder", body, headers: { "idempotency-key": "key-1" } } as const;
  const first = await service.call("POST", `/v1/grants/${authCode}/consume`, options);
  t.equal(first.status, 200, first.text);

  const stored = await service.stage.database.transact((tx) =>
    tx.query<{ body: string }>("SELECT body FROM idempotency_keys"),
  );
  t.match(stored.rows, [{ body: /"fencing_token":1/ }]);
  t.notMatch(stored.rows[0]?.body, /"token"/);

  const again = await service.call("POST", `/v1/grants/${authCode}/consume`, options);
  t.equal(again.headers.get("idempotency-replayed"), "true");
  t.same(again.body, first.body);
});
