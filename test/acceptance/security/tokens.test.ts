import t from "tap";
import { serviceCaller } from "../../../src/kernel/caller.ts";
import { createToken, revokeToken } from "../../../src/principals/index.ts";
import { type Answer, setStage, startService } from "../../support/service.ts";

const told = ({ status, headers, body }: Answer) => {
  const { request_id: _, ...rest } = body as Record<string, unknown>;
  return { status, challenge: headers.get("www-authenticate"), rest };
};

t.test("APR-8 an unknown, an expired, a revoked and a half-right token are not told apart", async (t) => {
  const stage = await setStage(t);
  const service = await startService(t, { stage });
  const caller = serviceCaller("test");
  const make = (ttlSeconds: number) =>
    stage.database.transact((tx) =>
      createToken(tx, caller, stage.keys, { principal: "operator", label: "brief", ttlSeconds }),
    );
  const [good, expired, revoked] = [await make(600), await make(0.001), await make(600)];
  await stage.database.transact((tx) => revokeToken(tx, caller, revoked.tokenId));
  const ask = async (token: string) => told(await service.call("GET", "/v1/holds", { token }));
  t.equal((await ask(good.token)).status, 200);
  const secret = good.token.slice(good.token.lastIndexOf("_") + 1);
  const named = good.token.slice(0, -secret.length);
  const other = (text: string): string => (text.startsWith("A") ? "B" : "A");
  const answers = [
    await ask(`${named}${other(secret)}${secret.slice(1)}`),
    await ask(`${named}${"Z".repeat(secret.length)}`),
    await ask(`cs_${"0".repeat(16)}_${secret}`),
    await ask(expired.token),
    await ask(revoked.token),
    await ask("nothing-of-the-kind"),
  ];
  t.equal(answers[0]?.status, 401);
  for (const answer of answers) t.strictSame(answer, answers[0]);
});

t.test("APR-8 what is stored of a token is not the token, and does not open anything", async (t) => {
  const stage = await setStage(t);
  const service = await startService(t, { stage });
  const { rows } = await stage.database.transact((tx) =>
    tx.query<{ whole: string; hmac: string; bytes: number }>(
      `SELECT to_jsonb(a)::text AS whole, encode(token_hmac, 'base64') AS hmac, octet_length(token_hmac) AS bytes FROM api_tokens a`,
    ),
  );
  t.ok(rows.length > 0);
  const all = rows.map(({ whole }) => whole).join("\n");
  for (const [person, token] of Object.entries(stage.tokens)) t.notOk(all.includes(token.slice(-40)), person);
  for (const { hmac, bytes } of rows) {
    t.equal(bytes, 32);
    const stolen = hmac.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    t.equal((await service.call("GET", "/v1/holds", { token: `cs_${"0".repeat(16)}_${stolen}` })).status, 401);
  }
});
