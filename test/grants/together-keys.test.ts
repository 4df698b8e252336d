import { setTimeout as pause } from "node:timers/promises";
import t from "tap";
import type { Tx } from "../../src/database/index.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { revokeSigningKey } from "../../src/signatures/index.ts";
import { commitBindings, mintActive, sovereignRequest, usableKey } from "../support/commit.ts";
import { consume, seedGrants } from "../support/flow.ts";
import { type Answer, type InProcess, startService } from "../support/service.ts";

t.setTimeout(120_000);

const consumeSigned = (service: InProcess, code: string): Promise<Answer> =>
  consume(service, code, `root ${code}`, commitBindings());

/** Grants of no key, which are to be consumed whatever becomes of their neighbours. */
const plainGrants = (service: InProcess, count: number): Promise<string[]> =>
  service.stage.database.transact((tx) => seedGrants(tx, count));

/** Waits until somebody waits for this transaction. */
async function waitedFor(tx: Tx): Promise<void> {
  for (let looks = 0; looks < 400; looks += 1) {
    const { rowCount } = await tx.query("SELECT FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))");
    if (rowCount !== 0) return;
    // not a sleep: the pause between two looks at a condition
    await pause(25);
  }
  throw new Error("nobody waits");
}

t.test("GRANT-3 a key that is revoked while a batch is at work refuses its own grant, and no neighbour", async (t) => {
  const service = await startService(t);
  const { authCode, key } = await mintActive(service);
  const plain = await plainGrants(service, 40);
  const answers = await service.stage.database.transact(async (tx) => {
    await revokeSigningKey(tx, { ...serviceCaller("test"), principal: "sovereign" }, key.kid, { reason: "lost" });
    // The batch sees the key as it was: the revocation is not committed.
    // In the middle of the others: the first to come are worked on alone, the rest share batches.
    const before = plain.slice(0, 20).map((code) => consume(service, code, `root ${code}`));
    const signed = consumeSigned(service, authCode);
    const after = plain.slice(20).map((code) => consume(service, code, `root ${code}`));
    const asked = Promise.all([signed, ...before, ...after]);
    await waitedFor(tx);
    return { asked };
  });
  const [signed, ...others] = await answers.asked;
  t.match(signed, { status: 409, body: { code: "REJECT_SIGNATURE_KEY_REVOKED", auth_code: authCode } });
  t.same(
    others.map(({ status, body }) => [status, body["replayed"]]),
    plain.map(() => [200, false]),
  );
});

t.test("GRANT-3 of consumes that race the revocation of a key beside others, each answer stands", async (t) => {
  const service = await startService(t, { config: { rateLimitMax: 1_000_000 } });
  const seen = new Set<string>();
  for (let round = 0; round < 6; round += 1) {
    const { authCode, key } = await mintActive(service, sovereignRequest(), await usableKey(service));
    const plain = await plainGrants(service, 20);
    // not a sleep: they are to meet in another order each round
    const after = async <T>(ms: number, act: () => Promise<T>): Promise<T> => pause(ms).then(act);
    const path = `/v1/signing-keys/${key.kid}/revoke`;
    const [revoked, first, others] = await Promise.all([
      after(round * 4, () => service.call("POST", path, { as: "sovereign", body: { reason: "lost" } })),
      after(10, () => consumeSigned(service, authCode)),
      Promise.all(plain.map((code, index) => after(index, () => consume(service, code, "root")))),
    ]);
    t.equal(revoked.status, 200, revoked.text);
    t.same([...new Set(others.map(({ status }) => status))], [200], "no neighbour is refused");
    seen.add(first.status === 200 ? "passed" : String(first.body["code"]));
    const again = await consumeSigned(service, authCode);
    t.equal(again.status, first.status, `${first.text} / ${again.text}`);
    const { rows } = await service.stage.database.transact((tx) =>
      tx.query(
        `SELECT g.auth_code FROM governance_build_authorization g JOIN grant_signatures USING (auth_code) JOIN signing_keys k USING (kid)
          WHERE g.consumed_at > k.revoked_at`,
      ),
    );
    t.same(rows, [], "none was used after its key was revoked");
    // The next round's grant is for the same target.
    if (first.status === 200) continue;
    await service.call("POST", `/v1/grants/${authCode}/revoke`, { as: "operator", body: { reason: "next" } });
  }
  t.comment([...seen].toSorted().join(" "));
  t.same(
    [...seen].filter((code) => !["passed", "REJECT_SIGNATURE_KEY_REVOKED"].includes(code)),
    [],
  );
});
