import t from "tap";
import { commitBindings, detachedJws, esign, makeKey, mintDraft, payloadOf, registration } from "../support/commit.ts";
import { consume, expectStatus } from "../support/flow.ts";
import { setStage, spawnService, syncSecret } from "../support/service.ts";

t.setTimeout(60_000);

t.test("operations: no token, signature, secret or body reaches the log, whatever its level", async (t) => {
  const stage = await setStage(t);
  let log = "";
  const service = await spawnService(t, stage, { LOG_LEVEL: "trace" }, (text) => {
    log += text;
  });
  const secrets = new Map<string, string>([["SYNC_SECRET", syncSecret]]);
  for (const [person, token] of Object.entries(stage.tokens)) secrets.set(`token of ${person}`, token.slice(-43));

  const key = makeKey();
  secrets.set("private key", String(key.privateKey.export({ format: "jwk" }).d));
  const body = registration(key, "sovereign");
  secrets.set("proof", body.proof.split(".")[2] ?? "");
  await expectStatus(service.call("POST", "/v1/signing-keys", { as: "sovereign", body }), 201);
  await expectStatus(service.call("POST", `/v1/signing-keys/${key.kid}/confirm`, { as: "council_1" }), 200);
  const authCode = await mintDraft(service);
  const jws = detachedJws(key, await payloadOf(service, authCode));
  secrets.set("signature", jws.split(".")[2] ?? "");
  const wrong = `${jws.slice(0, -4)}AAAA`;
  t.equal((await esign(service, authCode, wrong)).status, 422);
  secrets.set("wrong signature", wrong.split(".")[2] ?? "");
  await expectStatus(esign(service, authCode, jws), 200);
  const lease = { name: "lego1-c1-build" };
  const receipt = await expectStatus(consume(service, authCode, "root", { ...commitBindings(), lease }), 200);
  secrets.set("lease token", (receipt.body["lease"] as unknown as { token: string }).token);
  const reason = "a-reason-that-nobody-else-would-give";
  secrets.set("body", reason);
  await expectStatus(service.call("POST", "/v1/holds", { as: "operator", body: { reason } }), 201);
  t.equal((await service.call("POST", "/v1/holds", { as: "operator", body: { reason, more: reason } })).status, 400);
  const forged = `cs_${"0".repeat(16)}_${"Z".repeat(43)}`;
  secrets.set("a token that is none", forged.slice(-43));
  t.equal((await service.call("GET", "/v1/grants", { token: forged })).status, 401);
  const jwt = `${Buffer.from('{"alg":"none"}').toString("base64url")}.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJlLW9mLWEtand0`;
  secrets.set("a JWT", jwt.split(".")[2] ?? "");
  t.equal((await service.call("GET", "/v1/grants", { token: jwt })).status, 401);
  await service.kill("SIGTERM");

  t.match(log, /"level":30/, "there is a log");
  t.match(log, new RegExp(`/v1/grants/${authCode}/esign`), "and it tells of the requests");
  for (const [name, secret] of secrets) {
    t.ok(secret.length > 10, `${name} is known`);
    t.notOk(log.includes(secret), `${name} is not in it`);
  }
});
