import { Writable } from "node:stream";
import { pino } from "pino";
import t, { type Test } from "tap";
import { buildApp } from "../../src/app.ts";
import { type Config, readConfig } from "../../src/config.ts";
import { loggerOptions } from "../../src/http/index.ts";
import { eventually } from "../support/data-directory.ts";
import { approvalRequest, expectStatus } from "../support/flow.ts";
import { audience, inSeconds, type Issuer, machine, startIssuer, startStaticIssuer } from "../support/issuer.ts";
import { type Answer, type Service, setStage, spawnService, startService, syncSecret } from "../support/service.ts";

function ask(service: Service, token: string): Promise<Answer> {
  return service.call("GET", "/v1/approval-requests", { token });
}

function trust(t: Test, issuer: { readonly url: string }, more: Partial<Config> = {}) {
  return startService(t, { config: { oidcIssuer: issuer.url, oidcAudience: audience, ...more } });
}

t.test("APR-8 a program signs in with client credentials and may do what its role may, and no more", async (t) => {
  const issuer = await startIssuer(t);
  issuer.roles.set(machine.client_id, ["executor", "president"]);
  // As it is run: the configuration is read from the environment.
  const service = await spawnService(t, await setStage(t), { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: audience });
  const token = await issuer.clientToken();
  t.equal((await service.call("GET", "/v1/leases", { token })).status, 200);
  const refused = await service.call("GET", "/v1/audit/events", { token });
  t.match(refused, { status: 403, body: { code: "FORBIDDEN", detail: /`auditor`/ } });
});

t.test(
  "APR-8 people sign in with the code flow, vote by the roles of their groups, and show up as voters",
  async (t) => {
    const issuer = await startIssuer(t);
    const roleMap = new Map([["change-board", ["approver", "council"] as const]]);
    const service = await trust(t, issuer, { oidcRoleMap: roleMap });
    for (const person of ["ada", "grace"]) issuer.roles.set(person, "change-board everyone");
    issuer.roles.set("eve", ["approver", "admin"]);
    const request = approvalRequest();
    const path = `/v1/approval-requests/${request.apr_code}`;
    const posted = await expectStatus(
      service.call("POST", "/v1/approval-requests", { as: "requester", body: request }),
      201,
    );
    const vote = { decision: "approve", apr_digest: posted.body["apr_digest"], reason: "as discussed" };
    const tokens = await people(issuer, ["ada", "grace", "eve"]);

    const eve = await service.call("POST", `${path}/votes`, { token: tokens["eve"], body: vote });
    t.match(eve, { status: 403, body: { detail: /`approver`/ } }, "the name of a role is no group of the map");
    await expectStatus(service.call("POST", `${path}/votes`, { token: tokens["ada"], body: vote }), 201);
    const twice = await service.call("POST", `${path}/votes`, { token: tokens["ada"], body: vote });
    t.equal(twice.status, 409, "one person has one vote");
    const open = await service.call("GET", path, { token: tokens["grace"] });
    t.match(open.body, { status: "open", votes: [{ voter: "ada", council: true }] });
    t.match(open.body["deciders"], { may_not: [{ principal: "ada", why: /has voted/ }] });
    t.match(open.text, /"may_vote":\[[^\]]*"grace"/, "whoever the issuer has sent may be waited for");
    await expectStatus(service.call("POST", `${path}/votes`, { token: tokens["grace"], body: vote }), 201);
    const decided = await service.call("GET", path, { as: "auditor" });
    t.match(decided.body, { status: "approved", votes: [{ voter: "ada" }, { voter: "grace" }] });
  },
);

async function people(issuer: Issuer, names: readonly string[]): Promise<Record<string, string>> {
  const tokens: Record<string, string> = {};
  for (const name of names) tokens[name] = await issuer.personToken(name);
  return tokens;
}

t.test("APR-8 another claim may name the principal, and another one the roles", async (t) => {
  const issuer = await startStaticIssuer(t);
  const service = await trust(t, issuer, {
    oidcPrincipalClaim: "preferred_username",
    oidcRolesClaim: "realm_access.roles",
  });
  const claims = { sub: "0d7a|1", preferred_username: "ada", realm_access: { roles: ["auditor"] }, roles: ["admin"] };
  const token = await issuer.sign(claims);
  const events = await expectStatus(service.call("GET", "/v1/audit/events", { token }), 200);
  t.match(events.body, { items: [{ resource_id: "ada", after: { roles: ["auditor"] } }] });
  const nameless = await ask(service, await issuer.sign({ ...claims, preferred_username: undefined }));
  t.match(nameless, { status: 401, body: { detail: /lacks the claim `preferred_username`/ } });
});

t.test("APR-8 whether a token is of this time is for the database's clock to say, not for the service's", async (t) => {
  const issuer = await startStaticIssuer(t);
  const [good, expired, early] = [
    await issuer.sign(),
    await issuer.sign({ exp: inSeconds(-600) }),
    await issuer.sign({ nbf: inSeconds(600) }),
  ];
  const service = await trust(t, issuer, { tokenCacheMs: 0 });
  const RealDate = Date;
  t.teardown(() => {
    globalThis.Date = RealDate;
  });
  for (const hours of [-1, 1]) {
    const now = (): number => RealDate.now() + hours * 3_600_000;
    globalThis.Date = class extends RealDate {
      constructor(...args: [] | [number | string]) {
        super(...((args.length === 0 ? [now()] : args) as [number]));
      }
      static override now(): number {
        return now();
      }
    } as DateConstructor;
    t.equal((await ask(service, good)).status, 200, `${hours} h`);
    t.match(await ask(service, expired), { status: 401, body: { detail: /expired/ } }, `${hours} h`);
    t.match(await ask(service, early), { status: 401, body: { detail: /not valid before/ } }, `${hours} h`);
  }
});

t.test(
  "APR-8 an identity is remembered for TOKEN_CACHE_MS, never past its expiry, and a refusal not at all",
  async (t) => {
    const issuer = await startStaticIssuer(t);
    const service = await trust(t, issuer, { tokenCacheMs: 60_000 });
    const disable = (principal: string, status: string) =>
      service.stage.database.transact((tx) =>
        tx.query("UPDATE principals SET status = $2 WHERE principal = $1", [principal, status]),
      );
    const [lasting, ending] = [await issuer.sign(), await issuer.sign({ sub: "grace", exp: inSeconds(1) })];
    for (const token of [lasting, ending, await issuer.sign({ sub: "grace", exp: inSeconds(-3) })]) {
      t.equal((await ask(service, token)).status, 200);
    }
    await disable("ada", "disabled");
    await disable("grace", "disabled");
    t.equal((await ask(service, lasting)).status, 200, "remembered");
    await eventually(async () => (await ask(service, ending)).status === 401);
    const another = await issuer.sign({ sub: "ada", jti: "another" });
    t.match(await ask(service, another), { status: 401, body: { detail: /is disabled/ } });
    await disable("ada", "active");
    t.equal((await ask(service, another)).status, 200, "a refusal is not remembered");

    const made = await service.stage.database.transact((tx) =>
      tx.query("SELECT 1 FROM api_tokens WHERE last_used_at > now()"),
    );
    t.equal(made.rows.length, 0);
  },
);

t.test("APR-8 nothing of a token is in the log, whatever becomes of it", async (t) => {
  const issuer = await startStaticIssuer(t);
  const stage = await setStage(t);
  let log = "";
  const sink = new Writable({
    write: (chunk, _, done) => {
      log += String(chunk);
      done();
    },
  });
  const config = {
    ...readConfig({ TOKEN_CACHE_MS: "0" }),
    oidcIssuer: issuer.url,
    oidcAudience: audience,
    oidcKeyCooldownMs: 0,
  };
  const app = buildApp({
    config,
    database: stage.database,
    serverKeys: stage.keys,
    syncSecret,
    targets: {},
    logger: pino(loggerOptions("trace"), sink),
  });
  t.teardown(() => app.close());
  const hint = { email: "somebody@example.com", sub: "somebody" };
  const tokens = [
    await issuer.sign(hint),
    await issuer.sign({ ...hint, exp: 1 }),
    await issuer.sign({ ...hint, aud: "other" }),
    await issuer.sign(hint, { kid: "somebody" }),
    `${await issuer.sign(hint)}AAAA`,
  ];
  const statuses: number[] = [];
  const send = async (token: string): Promise<void> => {
    const answer = await app.inject({ url: "/v1/approval-requests", headers: { authorization: `Bearer ${token}` } });
    statuses.push(answer.statusCode);
  };
  for (const token of tokens) await send(token);
  issuer.documents.discovery = null;
  await send(await issuer.sign(hint, { kid: "somebody-else" }));
  t.strictSame(statuses, [200, 401, 401, 401, 401, 503]);
  t.equal(log.split('"msg":"request"').length - 1, statuses.length, "there is a log");
  t.notMatch(log, /somebody@|somebody-else|eyJ/);
  for (const part of tokens.flatMap((token) => token.split("."))) t.notOk(log.includes(part));
});
