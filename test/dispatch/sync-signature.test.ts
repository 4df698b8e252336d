import t from "tap";
import { approve, expectStatus } from "../support/flow.ts";
import { type InProcess, signed, startService } from "../support/service.ts";

function send(service: InProcess, aprCode: string, raw: string, headers: Record<string, string>) {
  return service.call("POST", `/v1/approval-requests/${aprCode}/execute`, { as: "dispatcher", raw, headers });
}

t.test("APR-7 an execution needs a fresh signature over this request and its digest, used once", async (t) => {
  const service = await startService(t);
  const [request, other] = [await approve(service), await approve(service)];
  const body = (changes: object = {}) =>
    JSON.stringify({ apr_code: request.aprCode, apr_digest: request.digest, ...changes });
  const raw = body();
  const foreign = JSON.stringify({ apr_code: other.aprCode, apr_digest: other.digest });
  const stale = body({ apr_digest: other.digest });
  const minutes = (count: number) => new Date(Date.now() + count * 60_000);
  const refusals = {
    "no signature": [raw, {}],
    "another secret": [raw, signed(raw, "another-secret-of-24-characters")],
    "another body": [raw, signed(`${raw} `)],
    "too old": [raw, signed(raw, undefined, minutes(-6))],
    "from the future": [raw, signed(raw, undefined, minutes(6))],
    "another request": [foreign, signed(foreign)],
    "other content": [stale, signed(stale)],
  } as const;
  for (const [why, [sent, headers]] of Object.entries(refusals)) {
    const answer = await send(service, request.aprCode, sent, headers);
    t.equal(answer.status, 401, `${why}: ${answer.text}`);
    t.match(answer.body, { code: "SYNC_SIGNATURE_INVALID" }, why);
  }
  const once = signed(raw);
  await expectStatus(send(service, request.aprCode, raw, once), 201);
  const replayed = await send(service, request.aprCode, raw, once);
  t.equal(replayed.status, 401, "a seen id");
  await expectStatus(send(service, request.aprCode, raw, signed(raw)), 200);
});

t.test("APR-7 a signature without the role dispatcher is not enough", async (t) => {
  const service = await startService(t);
  const request = await approve(service);
  const raw = JSON.stringify({ apr_code: request.aprCode, apr_digest: request.digest });
  const path = `/v1/approval-requests/${request.aprCode}/execute`;
  const answer = await service.call("POST", path, { as: "admin", raw, headers: signed(raw) });
  t.equal(answer.status, 403);
  t.match(answer.body, { code: "FORBIDDEN" });
});
