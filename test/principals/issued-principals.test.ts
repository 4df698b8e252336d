import pg from "pg";
import t, { type Test } from "tap";
import { createToken, ensurePrincipal, principalsWith } from "../../src/principals/index.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { eventually } from "../support/data-directory.ts";
import { audience, startStaticIssuer } from "../support/issuer.ts";
import { type Answer, type InProcess, type Stage, setStage, startService } from "../support/service.ts";

function ask(service: InProcess, token: string, path = "/v1/approval-requests"): Promise<Answer> {
  return service.call("GET", path, { token });
}

function trust(t: Test, issuer: { readonly url: string }, stage?: Stage) {
  const config = { oidcIssuer: issuer.url, oidcAudience: audience };
  return startService(t, { ...(stage && { stage }), config });
}

interface Event {
  readonly actor: string;
  readonly action: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** What is on record about a principal, and the version of its row. */
async function record(stage: Stage, principal: string) {
  return stage.database.transact(async (tx) => {
    const { rows: events } = await tx.query<Event>(
      "SELECT actor, action, before, after FROM audit_events WHERE resource_type = 'principal' AND resource_id = $1 ORDER BY seq",
      [principal],
    );
    const { rows } = await tx.query<{ roles: string[]; issuer: string | null; version: string }>(
      "SELECT roles, issuer, xmin::text AS version FROM principals WHERE principal = $1",
      [principal],
    );
    return { events, rows };
  });
}

t.test("APR-8 twenty first tokens at once make one principal, with one event", async (t) => {
  const issuer = await startStaticIssuer(t);
  const stage = await setStage(t);
  const services = [await trust(t, issuer, stage), await trust(t, issuer, stage)];
  const tokens = await Promise.all(
    Array.from({ length: 20 }, (_, n) => issuer.sign({ jti: String(n), roles: ["auditor", "approver"] })),
  );
  const answers = await Promise.all(tokens.map((token, n) => ask(services[n % 2] as InProcess, token)));
  t.strictSame([...new Set(answers.map(({ status }) => status))], [200]);
  const { events, rows } = await record(stage, "ada");
  t.match(rows, [{ roles: ["approver", "auditor"], issuer: issuer.url }]);
  const after = { roles: ["approver", "auditor"], issuer: issuer.url };
  t.strictSame(events, [{ actor: "service:oidc", action: "principal.created", before: null, after }]);
});

t.test(
  "APR-8 other roles in a later token are the principal's, on record once; the same roles write nothing",
  async (t) => {
    const issuer = await startStaticIssuer(t);
    const service = await trust(t, issuer);
    const first = await issuer.sign({ roles: ["auditor", "approver"] });
    t.equal((await ask(service, first, "/v1/audit/events")).status, 200);
    const made = await record(service.stage, "ada");
    t.equal((await ask(service, await issuer.sign({ roles: "approver auditor auditor unknown" }))).status, 200);
    t.strictSame(await record(service.stage, "ada"), made, "the row was not touched");

    const demoted = await issuer.sign({ roles: ["approver"] });
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(service, demoted)));
    t.ok(answers.every(({ status }) => status === 200));
    t.equal((await ask(service, demoted, "/v1/audit/events")).status, 403);
    const { events, rows } = await record(service.stage, "ada");
    t.match(rows, [{ roles: ["approver"], issuer: issuer.url }]);
    t.match(events.slice(1), [
      {
        actor: "service:oidc",
        action: "principal.roles_changed",
        before: { roles: ["approver", "auditor"] },
        after: { roles: ["approver"], issuer: issuer.url },
      },
    ]);
    t.equal(events.length, 2);
  },
);

t.test("APR-8 a token that comes while its roles are being set waits, and does not set them again", async (t) => {
  const issuer = await startStaticIssuer(t);
  const service = await trust(t, issuer);
  t.equal((await ask(service, await issuer.sign())).status, 200);
  const { names, database } = service.stage;
  const another = new pg.Client({ connectionString: names.ownerUrl });
  await another.connect();
  t.teardown(() => another.end());
  await another.query("BEGIN; UPDATE principals SET roles = '{auditor}' WHERE principal = 'ada'");
  const waiting = ask(service, await issuer.sign({ roles: ["auditor"] }));
  await eventually(async () => {
    const { rows } = await database.transact((tx) =>
      tx.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"),
    );
    return rows.length > 0;
  });
  await another.query("COMMIT");
  t.equal((await waiting).status, 200);
  t.strictSame(
    (await record(service.stage, "ada")).events.map(({ action }) => action),
    ["principal.created"],
  );
});

t.test("APR-8 an issuer speaks for its own principals alone", async (t) => {
  const [issuer, other] = [await startStaticIssuer(t), await startStaticIssuer(t)];
  const stage = await setStage(t);
  const [service, elsewhere] = [await trust(t, issuer, stage), await trust(t, other, stage)];
  const local = await ask(service, await issuer.sign({ sub: "admin", roles: ["admin"] }));
  t.match(local, { status: 401, body: { code: "UNAUTHENTICATED", detail: /of this service's own/ } });
  t.match((await record(stage, "admin")).rows, [{ roles: ["admin"], issuer: null }]);

  t.equal((await ask(service, await issuer.sign())).status, 200);
  const foreign = await ask(elsewhere, await other.sign({ roles: ["admin"] }));
  t.match(foreign, { status: 401, body: { code: "UNAUTHENTICATED", detail: /of another issuer/ } });
  t.match((await record(stage, "ada")).rows, [{ roles: [], issuer: issuer.url }]);

  for (const sub of ["service:oidc", "service:"]) {
    t.match(await ask(service, await issuer.sign({ sub })), {
      status: 401,
      body: { detail: /begins with `service:`/ },
    });
  }
  await stage.database.transact((tx) => tx.query("UPDATE principals SET status = 'disabled' WHERE principal = 'ada'"));
  const disabled = await ask(service, await issuer.sign({ roles: ["admin"] }));
  t.match(disabled, { status: 401, body: { code: "UNAUTHENTICATED", detail: /is disabled/ } });
  t.match((await record(stage, "ada")).rows, [{ roles: [] }], "its roles stay as they were");
});

t.test("APR-8 an API token can be made for a principal of the issuer, and it is the same principal", async (t) => {
  const issuer = await startStaticIssuer(t);
  const service = await trust(t, issuer);
  await ask(service, await issuer.sign({ sub: "nobody-yet" }));
  await ask(service, await issuer.sign({ roles: ["auditor", "approver"] }));
  const { database, keys } = service.stage;
  const caller = serviceCaller("test");
  const tokenOf = (principal: string): Promise<string> =>
    database.transact(async (tx) => {
      await ensurePrincipal(tx, caller, principal, undefined);
      return (await createToken(tx, caller, keys, { principal, label: "t", ttlSeconds: 60 })).token;
    });
  t.equal((await ask(service, await tokenOf("ada"), "/v1/audit/events")).status, 200);
  const roleless = await tokenOf("nobody-yet");
  t.equal((await ask(service, roleless)).status, 200);
  t.equal((await ask(service, roleless, "/v1/audit/events")).status, 403);
  await database.transact((tx) => ensurePrincipal(tx, caller, "ada", ["auditor", "approver"]));
  await t.rejects(
    database.transact((tx) => ensurePrincipal(tx, caller, "ada", ["admin"])),
    { code: "PRINCIPAL_CONFLICT" },
  );
  const voters = await database.transact((tx) => principalsWith(tx, ["approver"]));
  t.ok(voters.some(({ principal }) => principal === "ada"));
});

t.test("APR-8 nobody but the service itself is called service:…", async (t) => {
  const { database, names } = await setStage(t);
  const caller = serviceCaller("test");
  for (const roles of [["admin"] as const, undefined]) {
    await t.rejects(
      database.transact((tx) => ensurePrincipal(tx, caller, "service:sweeper", roles)),
      { code: "PRINCIPAL_RESERVED" },
    );
  }
  await t.rejects(
    database.transact((tx) =>
      tx.query("INSERT INTO principals (principal, roles) VALUES ('service:sweeper', '{admin}')"),
    ),
    { code: "23514", constraint: "principal_not_service" },
  );

  const client = new pg.Client({ connectionString: names.ownerUrl });
  await client.connect();
  t.teardown(() => client.end());
  for (const change of ["issuer = 'https://a.test'", "principal = 'ada'", "created_at = now()"]) {
    const sql = `UPDATE principals SET ${change} WHERE principal = 'admin'`;
    await t.rejects(client.query(sql), { code: "23001", constraint: "principal_immutable" }, `owner: ${change}`);
    await t.rejects(
      database.transact((tx) => tx.query(sql)),
      { code: "42501" },
      `app: ${change}`,
    );
  }
  await t.rejects(client.query("INSERT INTO principals (principal, roles, issuer) VALUES ('ada', '{}', 'a')"), {
    code: "23514",
    constraint: "issuer_form",
  });
  await client.query("UPDATE principals SET status = 'disabled' WHERE principal = 'admin'");
});
