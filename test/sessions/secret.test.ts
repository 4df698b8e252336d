import t from "tap";
import { startSignIn } from "../../src/sessions/sign-in.ts";
import { csrfTokenOf, derive, hashOf, isCsrfTokenOf, isSecret, newSecret } from "../../src/sessions/secret.ts";
import { ServerKeys } from "../../src/kernel/server-keys.ts";

t.test("APR-8 a session's secret is 256 random bits, and nothing that is told of it is it", async (t) => {
  const secrets = Array.from({ length: 1_000 }, newSecret);
  t.equal(new Set(secrets).size, 1_000);
  for (const secret of secrets.slice(0, 20)) {
    t.ok(isSecret(secret));
    t.equal(Buffer.from(secret, "base64url").length, 32);
    const told = [csrfTokenOf(secret), derive(secret, "nonce"), hashOf(secret).toString("base64url")];
    t.equal(new Set([...told, secret]).size, 4);
    t.ok(isCsrfTokenOf(secret, csrfTokenOf(secret)));
    t.notOk(isCsrfTokenOf(secret, csrfTokenOf(newSecret())));
    t.notOk(isCsrfTokenOf(secret, secret));
  }
  for (const text of [
    "",
    "A".repeat(42),
    "A".repeat(44),
    `${"A".repeat(42)}=`,
    `${"A".repeat(42)} `,
    `${"A".repeat(43)}\n`,
  ])
    t.notOk(isSecret(text), JSON.stringify(text));
});

t.test("APR-8 each sign-in at the issuer has values of its own, which say nothing of what binds it", async (t) => {
  const keys = new ServerKeys([{ id: "k1", secret: Buffer.alloc(32, 7) }]);
  const now = new Date();
  const starts = [startSignIn(keys, now), startSignIn(keys, now)] as const;
  const values = starts.flatMap((start) => Object.values<string>({ ...start }));
  t.equal(new Set(values).size, 8);
  for (const { binding, ...others } of starts)
    t.notOk(JSON.stringify(others).includes(binding), "the binding stays in the cookie");
});
