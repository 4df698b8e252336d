import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import t, { type Test } from "tap";
import { approveSovereign, sovereignRequest } from "../support/commit.ts";
import { approvalRequest, approve, expectStatus } from "../support/flow.ts";
import { type InProcess, startService, syncSecret } from "../support/service.ts";
import { startCli } from "./cli-process.ts";
import { runCli } from "./run-cli.ts";

t.setTimeout(240_000);

interface Line {
  readonly apr_code: string;
  readonly outcome: string;
  readonly result: string;
  readonly auth_code: string | null;
}

const environment = (service: InProcess, url = service.url): Record<string, string> => ({
  COUNTERSIGN_URL: url,
  COUNTERSIGN_TOKEN: service.tokens["dispatcher"],
  SYNC_SECRET: syncSecret,
});

const lines = (stdout: string): Line[] =>
  stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);

/** Approved requests that can all be executed: each has a scope, and so a target, of its own. */
async function approved(service: InProcess, count: number): Promise<string[]> {
  const query = "carrier=C1&environment=staging&target=DOT_C1_VOCAB_BUILD";
  const { body } = await expectStatus(service.call("GET", `/v1/scopes?${query}`, { as: "admin" }), 200);
  const [shipped = {}] = body["items"] as unknown as Record<string, unknown>[];
  const named = ["carrier", "namespace", "axis", "environment", "database", "allowed_action_sets", "lease_name"];
  const scope = Object.fromEntries([...named, "rehearsal_required"].map((name) => [name, shipped[name]]));
  const codes: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const target = `TARGET_${n}`;
    await expectStatus(service.call("POST", "/v1/scopes", { as: "admin", body: { ...scope, target } }), 201);
    const request = sovereignRequest({ apr_code: `APR-${String(n).padStart(3, "0")}` }, { target });
    codes.push((await approveSovereign(service, request)).aprCode);
  }
  return codes;
}

t.test("APR-7 three dispatchers over fifty approved requests mint each grant once", async (t) => {
  const service = await startService(t);
  const codes = await approved(service, 50);
  const three = [1, 2, 3].map(() => startCli(t, environment(service), "--json", "dispatch", "--once"));
  const ends = await Promise.all(three.map(({ ended }) => ended));
  t.same(ends, [0, 0, 0], three.map(({ stderr }) => stderr()).join("\n"));

  const told = three.map(({ stdout }) => lines(stdout()));
  const minted = told.flat().filter(({ outcome }) => outcome === "minted");
  t.same(minted.map(({ apr_code: code }) => code).toSorted(), codes, "each by one of them");
  const others = told.flat().filter(({ outcome }) => !["minted", "replayed", "gone"].includes(outcome));
  t.same(others, [], "the others were told that it is done");
  for (const one of told) {
    const order = one.map(({ apr_code: code }) => code);
    t.same(order, order.toSorted(), "the oldest first");
  }
  const grants = await expectStatus(service.call("GET", "/v1/grants?limit=200", { as: "auditor" }), 200);
  t.equal((grants.body["items"] as unknown as object[]).length, 50);
  const { rows } = await service.stage.database.transact((tx) =>
    tx.query<{ minted: string }>("SELECT count(*) AS minted FROM audit_events WHERE action = 'grant.minted'"),
  );
  t.equal(rows[0]?.minted, "50", "and the log says so");
});

t.test("APR-7 a dispatcher goes on past refusals, takes what is approved later, and ends with SIGTERM", async (t) => {
  const service = await startService(t);
  const refused = await approve(service, approvalRequest({ apr_code: "APR-REFUSED" }, { manifest_digest: undefined }));
  const first = await approve(service, approvalRequest({ apr_code: "APR-FIRST" }));
  const running = startCli(t, environment(service), "dispatch", "--watch", "--interval", "0.2");
  await running.until(/minted .*APR-FIRST/);
  t.match(running.stdout(), /failed +APR-REFUSED +FAIL:reject_payload_manifest_digest \(again in 10 s\)/);
  const later = await approveSovereign(service, sovereignRequest({ apr_code: "APR-LATER" }));
  await running.until(/minted .*APR-LATER/);
  t.equal(running.stdout().split("APR-REFUSED").length, 2, "what is refused is not asked again at once");
  running.child.kill("SIGTERM");
  t.equal(await running.ended, 0);
  t.match(running.stderr(), /1 failed, 2 minted|2 minted, 1 failed/);
  for (const { aprCode } of [first, later]) {
    const { body } = await service.call("GET", `/v1/approval-requests/${aprCode}`, { as: "auditor" });
    t.equal(body["status"], "executed");
  }
  const { body } = await service.call("GET", `/v1/approval-requests/${refused.aprCode}`, { as: "auditor" });
  t.match(body, { status: "approved", result: "FAIL:reject_payload_manifest_digest" });
});

/** In front of the service: answers 503 as long as it is told to. */
async function front(t: Test, service: InProcess): Promise<{ url: string; busy: boolean; refused: number }> {
  const state = { url: "", busy: true, refused: 0 };
  const server: Server = createServer((request, response) => {
    void (async () => {
      if (state.busy) {
        state.refused += 1;
        response.writeHead(503, { "content-type": "application/problem+json", "retry-after": "0" });
        response.end(JSON.stringify({ code: "OVERLOADED", status: 503, detail: "The service is busy." }));
        return;
      }
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      const body = pieces.length === 0 ? {} : { body: Buffer.concat(pieces) };
      const { host: _, connection: __, "content-length": ___, ...headers } = request.headers;
      const init = { method: request.method ?? "GET", headers: headers as Record<string, string>, ...body };
      const answer = await fetch(service.url + request.url, init);
      response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
      response.end(Buffer.from(await answer.arrayBuffer()));
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return state;
}

t.test("APR-7 a dispatcher waits for a service that is busy, and says so", async (t) => {
  const service = await startService(t);
  await approve(service, approvalRequest({ apr_code: "APR-BUSY" }));
  const before = await front(t, service);
  const looked = await runCli(t, environment(service, before.url), "dispatch", "--once");
  t.match(looked, { code: 1, stderr: /OVERLOADED/ }, "one look ends with the refusal");

  const running = startCli(t, environment(service, before.url), "dispatch", "--watch", "--interval", "0.2");
  await running.until(/busy.*looking again in/);
  before.busy = false;
  await running.until(/minted +APR-BUSY/);
  running.child.kill("SIGINT");
  t.equal(await running.ended, 130);
  t.match(running.stderr(), /stopped; what was begun is finished/);
});

t.test("APR-7 dispatch --dry-run mints nothing, --action chooses, and a wrong secret ends it", async (t) => {
  const service = await startService(t);
  await approve(service, approvalRequest({ apr_code: "APR-DRY" }));
  await approveSovereign(service, sovereignRequest({ apr_code: "APR-SOVEREIGN" }));
  const dry = await runCli(t, environment(service), "--json", "dispatch", "--dry-run");
  t.equal(dry.code, 0, dry.stderr);
  t.match(
    lines(dry.stdout).map(({ apr_code: code, outcome }) => [code, outcome]),
    [
      ["APR-DRY", "would mint"],
      ["APR-SOVEREIGN", "would mint"],
    ],
  );
  const none = await expectStatus(service.call("GET", "/v1/grants", { as: "auditor" }), 200);
  t.same(none.body["items"], []);

  const wrong = { ...environment(service), SYNC_SECRET: "another-secret-of-thirty-two-bytes" };
  t.match(await runCli(t, wrong, "dispatch"), { code: 1, stderr: /401 SYNC_SIGNATURE_INVALID.*SYNC_SECRET/s });
  const { SYNC_SECRET: _, ...without } = environment(service);
  t.match(await runCli(t, without, "dispatch"), { code: 2, stderr: /SYNC_SECRET/ });
  t.match(await runCli(t, environment(service), "dispatch", "--once", "--watch"), { code: 2 });

  const chosen = await runCli(t, environment(service), "dispatch", "--action", "authorize_build_step");
  t.match(chosen, { code: 0, stdout: /minted +APR-DRY +GBA-C1-APR-DRY/ });
  t.notMatch(chosen.stdout, "APR-SOVEREIGN");
  const rest = await runCli(t, environment(service), "--json", "dispatch");
  t.same(
    lines(rest.stdout).map(({ apr_code: code }) => code),
    ["APR-SOVEREIGN"],
  );
  t.match(await runCli(t, environment(service), "dispatch"), { code: 0, stdout: "", stderr: /nothing to execute/ });
});
