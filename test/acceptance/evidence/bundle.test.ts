import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { check, readVerifierKey } from "../../../docs/verify/verify.mjs";
import { logSigner, openLog, verifierKey } from "../../../src/evidence/index.ts";
import { mintActive, sovereignRequest, usableKey } from "../../support/commit.ts";
import { consume, expectStatus, mintGrant } from "../../support/flow.ts";
import { digestsOf, manifest, prepareDryRun, startRun, untilRun, useTarget } from "../../support/runs.ts";
import { type InProcess, setStage, startService } from "../../support/service.ts";

t.setTimeout(120_000);

const verifier = fileURLToPath(new URL("../../../docs/verify/verify.mjs", import.meta.url));

interface Claim {
  readonly claim: string;
  readonly proved: boolean;
  readonly detail: string;
}

async function start(t: Test): Promise<{ service: InProcess; key: string }> {
  const stage = await setStage(t);
  const signer = logSigner("log.example/bundles", randomBytes(32));
  await stage.database.transact((tx) => openLog(tx, signer));
  const target = await useTarget(t);
  const config = { sealIntervalMs: 20, runPollMs: 20 };
  const service = await startService(t, { stage, logSigner: signer, targets: { default: target.url }, config });
  return { service, key: verifierKey(signer.key) };
}

/** The file, as soon as the log reaches all of it. */
async function evidence(service: InProcess, of: string): Promise<string> {
  for (;;) {
    const { status, text, body } = await service.call("GET", `/v1/${of}/evidence`, { as: "auditor" });
    if (status === 200) return text;
    if (status !== 409) throw new Error(`${status} ${JSON.stringify(body)}`);
    // not a sleep: the log is sealed by a clock.
    await pause(20);
  }
}

const notProved = (claims: readonly Claim[]): readonly Claim[] => claims.filter(({ proved }) => !proved);

t.test(
  "OPEN-5 the evidence of a rehearsal and of a commit is proved by a verifier that shares no code with us",
  async (t) => {
    const { service, key } = await start(t);
    const trusted = { logKeys: [readVerifierKey(key)] };
    const input = { manifest: manifest(3) };
    const rehearsal = await prepareDryRun(service, input);
    await expectStatus(startRun(service, rehearsal), 202);
    const { rehearsal_ref } = await untilRun(service, rehearsal.root);
    const ofRun = await evidence(service, `runs/${rehearsal.root}`);
    t.same(notProved(check(ofRun, trusted)), [], "of the run");
    t.ok(check(ofRun, trusted).some(({ claim }: Claim) => claim === "run"));

    const request = sovereignRequest(
      {},
      { ...(await digestsOf(service, input)), environment: "production", rehearsal_ref },
    );
    const { authCode } = await mintActive(service, request, await usableKey(service));
    const ofGrant = await evidence(service, `grants/${authCode}`);
    const claims = check(ofGrant, trusted) as Claim[];
    t.same(notProved(claims), [], "of the signed grant");
    for (const claim of ["signature", "key", "quorum", "inclusion", "envelope", "head"]) {
      t.ok(
        claims.some((one) => one.claim === claim),
        claim,
      );
    }

    const page = await service.call("GET", `/v1/grants/${authCode}/evidence`, {
      as: "auditor",
      headers: { accept: "text/html" },
    });
    t.match(page.text, new RegExp(`<h1>Evidence of ${authCode}</h1>`));

    const file = path.join(t.testdir(), "evidence.json");
    writeFileSync(file, ofGrant);
    const told = execFileSync(process.execPath, [verifier, file, "--log-key", key], { encoding: "utf8" });
    t.notMatch(told, /NOT PROVED/);
    const other = verifierKey(logSigner("log.example/bundles", randomBytes(32)).key);
    const { status } = spawnSync(process.execPath, [verifier, file, "--log-key", other]);
    t.equal(status, 1, "with the key of another log nothing is proved");
  },
);

t.test("OPEN-5 every byte of a file of evidence that is flipped is noticed", async (t) => {
  const { service, key } = await start(t);
  const trusted = { logKeys: [readVerifierKey(key)] };
  const code = await mintGrant(service);
  await expectStatus(consume(service, code, "once"), 200);
  const file = await evidence(service, `grants/${code}`);
  t.same(notProved(check(file, trusted)), []);
  const bytes = Buffer.from(file);
  const missed: number[] = [];
  for (let at = 0; at < bytes.length; at += 1) {
    const altered = Buffer.from(bytes);
    altered[at] = (altered[at] ?? 0) ^ (1 << (at % 8));
    try {
      if (notProved(check(altered.toString("utf8"), trusted)).length === 0) missed.push(at);
    } catch {
      // It cannot be read any more: noticed as well.
    }
  }
  t.same(missed, [], `of ${bytes.length} bytes`);
});

t.test("OPEN-5 the verifier uses nothing but what Node brings, and nothing of ours", async (t) => {
  const source = readFileSync(verifier, "utf8");
  const imports = [...source.matchAll(/^import .* from "([^"]+)";$/gm)].map((match) => match[1]);
  t.same(imports, ["node:crypto", "node:fs", "node:process"]);
});
