import t from "tap";
import { check, wholeLog } from "../../docs/verify/verify.mjs";
import { usableKey } from "../support/commit.ts";
import { evidence, evidencePlace, exported, notProved } from "../support/evidence.ts";
import { consume, expectStatus, mintGrant } from "../support/flow.ts";
import { manifest, prepareCommit, startRun, untilRun } from "../support/runs.ts";

t.setTimeout(240_000);

t.test("OPEN-5 honest evidence of any standing leaves no claim unproved, with the whole log and without", async (t) => {
  const { service, trusted } = await evidencePlace(t);
  const key = await usableKey(service);
  const files: Record<string, string> = {};
  const unused = await mintGrant(service);
  files["active"] = await evidence(service, `grants/${unused}`);
  const prepared = await prepareCommit(service, { manifest: manifest(2) }, { key });
  files["signed"] = await evidence(service, `grants/${prepared.authCode}`);
  await expectStatus(startRun(service, prepared), 202);
  // Whatever the run is doing at that moment.
  for (let n = 0; n < 6; n += 1) {
    const { status, text } = await service.call("GET", `/v1/runs/${prepared.root}/evidence`, { as: "auditor" });
    if (status === 200) files[`running ${n}`] = text;
  }
  await untilRun(service, prepared.root);
  const revoked = await service.call("POST", `/v1/signing-keys/${key.kid}/revoke`, {
    as: "sovereign",
    body: { reason: "It was lost." },
  });
  t.ok([200, 201].includes(revoked.status), revoked.text);
  files["key revoked after"] = await evidence(service, `runs/${prepared.root}`);
  await expectStatus(
    service.call("POST", `/v1/grants/${unused}/revoke`, { as: "operator", body: { reason: "No." } }),
    200,
  );
  files["revoked"] = await evidence(service, `grants/${unused}`);
  const used = await mintGrant(service);
  await expectStatus(consume(service, used, "x", { lease: { name: "other-lease" } }), 200).catch(() => undefined);
  files["used"] = await evidence(service, `grants/${used}`);
  const whole = await exported(service);
  for (const [name, file] of Object.entries(files)) {
    t.same(
      notProved(check(file, trusted)).map(({ detail }) => detail),
      [],
      name,
    );
    const claims = notProved(check(file, { ...trusted, readWhole: wholeLog(whole) })).map(
      ({ claim, detail }) => `${claim} ${detail}`,
    );
    t.comment(name, claims.join(" | "));
  }
});
