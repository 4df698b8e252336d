import { setTimeout as pause } from "node:timers/promises";
import { randomBytes } from "node:crypto";
import t from "tap";
import { check, readVerifierKey } from "../../../docs/verify/verify.mjs";
import { logSigner, openLog, verifierKey } from "../../../src/evidence/index.ts";
import { mintGrant } from "../../support/flow.ts";
import { startWitness } from "../../support/log-witness.ts";
import { type InProcess, setStage, startService } from "../../support/service.ts";

t.setTimeout(120_000);

/** Asks until the answer is that. */
async function until(service: InProcess, path: string, status: number): Promise<string> {
  for (;;) {
    const answer = await service.call("GET", path, { as: "auditor" });
    if (answer.status === status) return answer.text;
    await pause(20); // not a sleep: the log is sealed and shown by clocks
  }
}

t.test("AUDIT-2 OPEN-5 evidence that wants a witness is refused until the witness has signed", async (t) => {
  const stage = await setStage(t);
  const signer = logSigner("log.example/witnessed", randomBytes(32));
  await stage.database.transact((tx) => openLog(tx, signer));
  const witness = await startWitness(t, signer.key);
  witness.misbehave = (response) => {
    response.writeHead(503).end();
    return true;
  };
  const witnesses = [{ vkey: verifierKey(witness.key), url: witness.url }];
  const config = { sealIntervalMs: 20, witnesses, cosignatures: 1 };
  const service = await startService(t, { stage, logSigner: signer, config });
  const path = `/v1/grants/${await mintGrant(service)}/evidence`;
  const asked = witness.answers.length;
  // Sealed, and shown in vain.
  while (witness.answers.length < asked + 3) await pause(20); // not a sleep: the head is shown by a clock
  const refused = await service.call("GET", path, { as: "auditor" });
  t.match({ status: refused.status, body: refused.body }, { status: 409, body: { code: "EVIDENCE_NOT_SEALED" } });

  witness.misbehave = undefined;
  const text = await until(service, path, 200);
  const logKeys = [readVerifierKey(verifierKey(signer.key))];
  const witnessed = (vkey: string): boolean => {
    const claims = check(text, { logKeys, witnesses: [readVerifierKey(vkey)] });
    return claims.some(({ claim, proved }) => claim === "witness" && proved);
  };
  t.ok(witnessed(verifierKey(witness.key)), "the verifier finds the witness's signature");
  const stranger = await startWitness(t, signer.key);
  t.notOk(witnessed(verifierKey(stranger.key)), "and misses that of another");
});
