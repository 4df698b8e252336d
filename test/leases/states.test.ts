import t from "tap";
import { ServerKeys } from "../../src/kernel/server-keys.ts";
import { leaseStatus } from "../../src/leases/states.ts";
import { leaseToken, leaseTokenHash } from "../../src/leases/token.ts";

const now = new Date("2026-06-23T10:00:00.000Z");

t.test("LEASE-1 a lease is held until its expiry to the millisecond, and free once released", (t) => {
  t.equal(leaseStatus({ expires_at: new Date(now.getTime() + 1), released_at: null }, now), "held");
  t.equal(leaseStatus({ expires_at: now, released_at: null }, now), "expired");
  t.equal(leaseStatus({ expires_at: new Date(now.getTime() + 1), released_at: now }, now), "released");
  t.end();
});

t.test("GRANT-8 a token belongs to one lease, one fence and one key, and can be derived again", (t) => {
  const key = { id: "k1", secret: Buffer.alloc(32, 1) };
  const keys = new ServerKeys([key]);
  const token = leaseToken(keys, "lego1-c1-build", 7);
  t.equal(leaseToken(keys, "lego1-c1-build", 7), token);
  const rotated = new ServerKeys([{ id: "k2", secret: Buffer.alloc(32, 2) }, key]);
  const others = [
    leaseToken(keys, "other", 7),
    leaseToken(keys, "lego1-c1-build", 8),
    leaseToken(rotated, "lego1-c1-build", 7),
  ];
  t.equal(new Set([token, ...others]).size, 4);
  t.equal(leaseToken(rotated, "lego1-c1-build", 7, "k1"), token, "the old key derives it still");
  t.equal(leaseToken(rotated, "lego1-c1-build", 7, "k9"), undefined);
  t.equal(leaseTokenHash(token ?? "").length, 32);
  t.end();
});
