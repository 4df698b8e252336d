import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, exportSPKI, UnsecuredJWT } from "jose";
import t, { type Test } from "tap";
import {
  audience,
  inSeconds,
  type SigningKey,
  type StaticIssuer,
  signingKey,
  startStaticIssuer,
} from "../support/issuer.ts";
import { type Answer, type InProcess, startService } from "../support/service.ts";

interface Trusting {
  readonly issuer: StaticIssuer;
  readonly service: InProcess;
}

/** A service that trusts an issuer of one key. */
async function trusting(t: Test, key?: SigningKey): Promise<Trusting> {
  const issuer = await startStaticIssuer(t, key);
  return { issuer, service: await startService(t, { config: { oidcIssuer: issuer.url, oidcAudience: audience } }) };
}

/** Asks what whoever is authenticated may ask. */
function ask(service: InProcess, token: string): Promise<Answer> {
  return service.call("GET", "/v1/approval-requests", { token });
}

type Vector = readonly [what: string, token: string | Promise<string>, detail: RegExp];

/** Each is refused with its own detail, and nothing of the token is in the answer. */
async function refuses(t: Test, service: InProcess, vectors: readonly Vector[]): Promise<void> {
  for (const [what, made, detail] of vectors) {
    const token = await made;
    const answer = await ask(service, token);
    t.match(answer, { status: 401, body: { code: "UNAUTHENTICATED", detail } }, what);
    t.equal(answer.headers.get("www-authenticate"), 'Bearer realm="countersign"');
    const said = answer.text + JSON.stringify([...answer.headers]);
    t.notMatch(said, /mallory/, `${what}: no content`);
    const parts = token.split(".").filter((part) => part.length > 8);
    t.notOk(
      parts.some((part) => said.includes(part)),
      `${what}: no token`,
    );
  }
  const { rows } = await service.stage.database.transact((tx) => tx.query("SELECT FROM principals WHERE issuer <> ''"));
  t.equal(rows.length, 0, "nobody was let in");
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString("base64url");

t.test(
  "APR-8 a token of the issuer is taken, with the tolerance of five seconds and beside other audiences",
  async (t) => {
    const { issuer, service } = await trusting(t);
    const good: Record<string, Record<string, unknown>> = {
      plain: {},
      "one audience of several": { aud: ["https://other.test", audience] },
      "expired by less than the tolerance": { exp: inSeconds(-1) },
      "not valid for less than the tolerance": { nbf: inSeconds(3) },
      "without iat": { iat: undefined },
      "with roles that are none of ours": { roles: ["president", 7, null] },
    };
    for (const [what, claims] of Object.entries(good)) {
      t.equal((await ask(service, await issuer.sign(claims))).status, 200, what);
    }
  },
);

t.test(
  "APR-8 a token that is not for this service, of another issuer, or not of this time is refused for that",
  async (t) => {
    const { issuer, service } = await trusting(t);
    const sign = (claims: Record<string, unknown>) => issuer.sign({ sub: "mallory", ...claims });
    const expired = inSeconds(-60);
    await refuses(t, service, [
      ["wrong issuer", sign({ iss: "https://other.test" }), /`iss` is not the issuer/],
      ["issuer with a slash more", sign({ iss: `${issuer.url}/` }), /`iss` is not the issuer/],
      ["issuer in a list", sign({ iss: [issuer.url] }), /`iss` is not the issuer/],
      ["no issuer", sign({ iss: undefined }), /lacks the claim `iss`/],
      ["wrong audience", sign({ aud: "https://other.test" }), /`aud` does not have this service/],
      ["other audiences", sign({ aud: ["https://other.test", `${audience}/`] }), /`aud` does not have this service/],
      ["no audience", sign({ aud: undefined }), /lacks the claim `aud`/],
      ["audience that is none", sign({ aud: { [audience]: true } }), /`aud` does not have this service/],
      ["expired", sign({ exp: expired }), new RegExp(`expired at ${new Date(expired * 1_000).toISOString()}`)],
      ["expired before there were dates", sign({ exp: -1e300 }), /token expired\.$/],
      ["no expiry", sign({ exp: undefined }), /lacks the claim `exp`/],
      ["expiry in words", sign({ exp: "tomorrow" }), /claim `exp` is not a number/],
      ["expiry in milliseconds", sign({ exp: Date.now() + 60_000_000_000_000 }), /claim `exp` is not a time/],
      ["not yet valid", sign({ nbf: inSeconds(60) }), /not valid before .*T/],
      ["not valid in this world", sign({ nbf: 1e300 }), /not valid by the database's clock/],
      ["start in words", sign({ nbf: "now" }), /claim `nbf` is not a number/],
      ["no principal", sign({ sub: undefined }), /lacks the claim `sub`/],
      ["a principal that is no name", sign({ sub: "mallory|1" }), /`sub` is not the name of a principal/],
      ["an actor of the service", sign({ sub: "service:mallory" }), /begins with `service:`/],
      ["bound to a key", sign({ cnf: { jkt: "x" } }), /has `cnf`/],
    ]);
  },
);

t.test("APR-8 what is no proper JWT is refused before any key is asked for", async (t) => {
  const { issuer, service } = await trusting(t);
  const good = await issuer.sign({ sub: "mallory" });
  const [header = "", payload = "", signature = ""] = good.split(".");
  const unsigned = new UnsecuredJWT({ sub: "mallory" }).setIssuer(issuer.url).setAudience(audience);
  const headed = (changes: object) =>
    `${encode({ alg: "ES256", kid: issuer.key.kid, ...changes })}.${payload}.${signature}`;
  await refuses(t, service, [
    ["none", unsigned.setExpirationTime("1h").encode(), /`alg` is not allowed; allowed are RS256, PS256, ES256, EdDSA/],
    ["none, with a signature", headed({ alg: "none" }), /`alg` is not allowed/],
    ["none, spelled otherwise", headed({ alg: "nOnE" }), /`alg` is not allowed/],
    ["a list of algorithms", headed({ alg: ["ES256"] }), /`alg` is not allowed/],
    ["no algorithm", headed({ alg: undefined }), /`alg` is not allowed/],
    ["an algorithm that was not chosen", headed({ alg: "ES384" }), /`alg` is not allowed/],
    ["no kid", headed({ kid: undefined }), /lacks `kid`/],
    ["an empty kid", headed({ kid: "" }), /lacks `kid`/],
    ["a kid that is no text", headed({ kid: 7 }), /lacks `kid`/],
    ["an unknown critical extension", headed({ crit: ["mallory"], mallory: 1 }), /has `crit`/],
    ["b64", headed({ crit: ["b64"], b64: false }), /has `crit`/],
    [
      "oversized",
      `${header}.${payload}.${"A".repeat(4_097 - header.length - payload.length)}`,
      /longer than 4096 char/,
    ],
    ["a header that is no JSON", `AAAA.${payload}.${signature}`, /neither an API token nor a JWT/],
    ["a payload that is no object", `${header}.${encode("mallory")}.${signature}`, /neither an API token nor a JWT/],
    ["padding", `${good}==`, /neither an API token nor a JWT/],
    ["an encrypted one", `${good}.AAAA.AAAA`, /unknown, expired or revoked/],
    ["two parts", `${header}.${payload}`, /unknown, expired or revoked/],
    ["no header", `.${payload}.${signature}`, /unknown, expired or revoked/],
  ]);
  t.equal(issuer.requests.length, 0, "the issuer was not asked");
});

t.test("APR-8 a signature by anything but the issuer's key of that id and algorithm is refused", async (t) => {
  const rsa = await signingKey("RS256");
  const { issuer, service } = await trusting(t, rsa);
  const attacker = await signingKey("RS256", rsa.kid);
  const sign = (header: Record<string, unknown>, key: Parameters<typeof issuer.sign>[2]) =>
    issuer.sign({ sub: "mallory" }, header, key);
  const bytes = (secret: string) => new TextEncoder().encode(secret);
  const pem = await exportSPKI(rsa.publicKey);
  const bad = /signature is wrong/;
  await refuses(t, service, [
    ["another key under the known kid", sign({}, attacker.privateKey), bad],
    ["an embedded key", sign({ jwk: attacker.jwk }, attacker.privateKey), bad],
    [
      "an embedded key of its own kid",
      sign({ jwk: attacker.jwk, kid: "mine" }, attacker.privateKey),
      /no key with the/,
    ],
    ["HS256 with the public key as PEM", sign({ alg: "HS256" }, bytes(pem)), /`alg` is not allowed/],
    ["the same without the last line feed", sign({ alg: "HS256" }, bytes(pem.trimEnd())), /`alg` is not allowed/],
    [
      "HS256 with the public key as JWK",
      sign({ alg: "HS256" }, bytes(JSON.stringify(rsa.jwk))),
      /`alg` is not allowed/,
    ],
    [
      "HS256 with the modulus",
      sign({ alg: "HS256" }, Buffer.from(rsa.jwk.n ?? "", "base64url")),
      /`alg` is not allowed/,
    ],
    ["an unknown kid", sign({ kid: "other" }, rsa.privateKey), /no key with the token's `kid`/],
    ["a kid that leads elsewhere", sign({ kid: "../../dev/null" }, rsa.privateKey), /no key with the token's `kid`/],
  ]);
  t.equal((await ask(service, await issuer.sign())).status, 200, "the issuer's own is good");
});

t.test("APR-8 a key is good only for the algorithm and the use that the issuer names", async (t) => {
  const key = await signingKey("ES256");
  const { issuer, service } = await trusting(t, key);
  const nameless = await signingKey("ES256");
  const { jwk } = key;
  for (const changes of [{ alg: "ES384" }, { alg: "RS256" }, { use: "enc" }, { key_ops: ["sign"] }]) {
    issuer.documents.keys = { keys: [{ ...jwk, ...changes }] };
    const other = await startService(t, {
      stage: service.stage,
      config: { oidcIssuer: issuer.url, oidcAudience: audience },
    });
    const token = issuer.sign({ sub: "mallory" });
    await refuses(t, other, [[JSON.stringify(changes), token, /no key with the token's `kid` for its `alg`/]]);
  }
  issuer.documents.keys = { keys: [jwk, { ...nameless.jwk, kid: key.kid }] };
  await refuses(t, service, [["one kid for two keys", issuer.sign({ sub: "mallory" }), /several keys/]]);
});

t.test("APR-8 addresses in a token's header lead nowhere", async (t) => {
  const visits: string[] = [];
  const attacker = await signingKey("ES256");
  const trap = createServer(({ url }, response) => {
    visits.push(url ?? "");
    response.end(JSON.stringify({ keys: [attacker.jwk] }));
  });
  trap.listen(0, "127.0.0.1");
  await once(trap, "listening");
  t.teardown(() => void trap.close());
  const address = `http://127.0.0.1:${(trap.address() as AddressInfo).port}`;
  const { issuer, service } = await trusting(t);
  const header = { jku: `${address}/jku`, x5u: `${address}/x5u`, x5c: ["AAAA"], jwk: attacker.jwk };
  await refuses(t, service, [
    [
      "the attacker's kid",
      issuer.sign({ sub: "mallory" }, { ...header, kid: attacker.kid }, attacker.privateKey),
      /no key/,
    ],
    ["the issuer's kid", issuer.sign({ sub: "mallory" }, header, attacker.privateKey), /signature is wrong/],
    [
      "an issuer of its own",
      issuer.sign({ iss: address, sub: "mallory" }, header, attacker.privateKey),
      /`iss` is not/,
    ],
  ]);
  t.equal(
    (await ask(service, await issuer.sign({}, header))).status,
    200,
    "they are not looked at in a good one either",
  );
  t.strictSame(visits, [], "nothing was fetched");
});

t.test("APR-8 a token of which any character is changed or missing is refused", async (t) => {
  const { issuer, service } = await trusting(t);
  const good = await issuer.sign({ sub: "ada" });
  const accepted: string[] = [];
  const attempt = async (token: string, what: string): Promise<void> => {
    const { status } = await ask(service, token);
    if (status !== 401) accepted.push(`${what}: ${status}`);
  };
  for (let at = 0; at < good.length; at += 1) {
    const swapped = alphabet.charAt((alphabet.indexOf(good.charAt(at)) + 1) % alphabet.length);
    await attempt(good.slice(0, at) + swapped + good.slice(at + 1), `character ${at}`);
    if (at % 7 === 0) await attempt(good.slice(0, at) || "x", `the first ${at}`);
  }
  for (const last of alphabet) {
    if (!good.endsWith(last)) await attempt(good.slice(0, -1) + last, `${last} at the end`);
  }
  t.strictSame(accepted, []);
  t.equal((await ask(service, good)).status, 200, "as it was made it is good");
});

t.test("APR-8 with a key of each other kind that is allowed by default, too", async (t) => {
  for (const alg of ["RS256", "PS256", "EdDSA"]) {
    const { issuer, service } = await trusting(t, await signingKey(alg));
    t.equal((await ask(service, await issuer.sign())).status, 200, alg);
    const attacker = await signingKey(alg, issuer.key.kid);
    const forged = issuer.sign({ sub: "mallory" }, {}, attacker.privateKey);
    t.match(await ask(service, await forged), { status: 401, body: { detail: /signature is wrong/ } }, alg);
  }
  const weak = await crypto.subtle.generateKey(
    { name: "RSASSA-PKCS1-v1_5", modulusLength: 1_024, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" },
    true,
    ["sign", "verify"],
  );
  const jwk = { ...(await exportJWK(weak.publicKey)), kid: "weak", alg: "RS256" };
  const { issuer, service } = await trusting(t, { kid: "weak", jwk, ...weak });
  const head = `${encode({ alg: "RS256", kid: "weak" })}.${encode({ iss: issuer.url, aud: audience, sub: "mallory", exp: inSeconds(60) })}`;
  const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", weak.privateKey, Buffer.from(head));
  const token = `${head}.${Buffer.from(signature).toString("base64url")}`;
  await refuses(t, service, [["an RSA key of 1024 bits", token, /signature cannot be checked/]]);
});

t.test("APR-8 without an issuer in the configuration a JWT is no token", async (t) => {
  const issuer = await startStaticIssuer(t);
  const service = await startService(t);
  await refuses(t, service, [["a good one", issuer.sign({ sub: "mallory" }), /unknown, expired or revoked/]]);
  t.equal(issuer.requests.length, 0);
});
