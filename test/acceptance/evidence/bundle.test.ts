import { execFileSync, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import Value from "typebox/value";
import { check, consistent, included } from "../../../docs/verify/verify.mjs";
import { EvidencePredicate } from "../../../src/bundles/index.ts";
import { logSigner, verifierKey } from "../../../src/evidence/index.ts";
import { mintActive, sovereignRequest, usableKey } from "../../support/commit.ts";
import { evidence, evidencePlace, notProved, statementOf, statusOf } from "../../support/evidence.ts";
import { consume, expectStatus, mintGrant } from "../../support/flow.ts";
import { digestsOf, manifest, prepareDryRun, startRun, untilRun } from "../../support/runs.ts";

t.setTimeout(280_000);

const verifier = fileURLToPath(new URL("../../../docs/verify/verify.mjs", import.meta.url));

t.test(
  "OPEN-5 the evidence of a rehearsal and of a commit is proved by a verifier that shares no code with us",
  async (t) => {
    const { service, key, trusted } = await evidencePlace(t);
    const input = { manifest: manifest(3) };
    const rehearsal = await prepareDryRun(service, input);
    await expectStatus(startRun(service, rehearsal), 202);
    const { rehearsal_ref } = await untilRun(service, rehearsal.root);
    const ofRun = await evidence(service, `runs/${rehearsal.root}`);
    t.same(notProved(check(ofRun, trusted)), [], "of the run");
    t.match(statusOf(check(ofRun, trusted)), { run: "proved", states: "proved", left: "proved" });

    const request = sovereignRequest(
      {},
      { ...(await digestsOf(service, input)), environment: "production", rehearsal_ref },
    );
    const { authCode } = await mintActive(service, request, await usableKey(service));
    const ofGrant = await evidence(service, `grants/${authCode}`);
    const claims = check(ofGrant, trusted);
    t.same(notProved(claims), [], "of the signed grant");
    for (const claim of ["signature", "key", "quorum", "inclusion", "envelope", "head", "bindings", "subject"]) {
      t.equal(statusOf(claims)[claim], "proved", claim);
    }
    for (const file of [ofRun, ofGrant]) {
      t.same(
        [...Value.Errors(EvidencePredicate, statementOf(file).predicate)],
        [],
        "it has the shape that is published",
      );
    }

    const file = path.join(t.testdir(), "evidence.json");
    writeFileSync(file, ofGrant);
    const told = execFileSync(process.execPath, [verifier, file, "--log-key", key, "--about", authCode], {
      encoding: "utf8",
    });
    t.notMatch(told, /NOT PROVED/);
    t.match(told, /proved +quorum/);
    const other = verifierKey(logSigner("log.example/bundles", randomBytes(32)).key);
    const exit = (...args: string[]) => spawnSync(process.execPath, [verifier, ...args]).status;
    t.equal(exit(file, "--log-key", other), 1, "with the key of another log nothing is proved");
    t.equal(exit(file), 1, "nor with none");
    t.equal(exit(file, "--log-key", key, "--about", "GBA-C1-ANOTHER"), 1, "nor of another grant");
    t.equal(exit(path.join(t.testdirName, "missing.json"), "--log-key", key), 2);
    t.equal(exit(file, "--log-keys", key), 2, "an option that is not known is not passed over");
  },
);

t.test(
  "OPEN-5 the evidence is a page to read and print, under a policy that lets in its own style alone",
  async (t) => {
    const { service } = await evidencePlace(t);
    const code = await mintGrant(service);
    await evidence(service, `grants/${code}`);
    const page = await service.call("GET", `/v1/grants/${code}/evidence`, {
      as: "auditor",
      headers: { accept: "text/html" },
    });
    t.match(page.text, new RegExp(`<h1>Evidence of ${code}</h1>`));
    t.match(page.text, /@media print/);
    const style = /<style>([^<]*)<\/style>/.exec(page.text)?.[1] ?? "";
    const digest = createHash("sha256").update(style).digest("base64");
    const policy = String(page.headers.get("content-security-policy"));
    t.ok(policy.includes(`style-src 'sha256-${digest}'`), policy);
    t.match(policy, /default-src 'none'/);
  },
);

t.test("OPEN-5 every byte of a file of evidence that is flipped is noticed", async (t) => {
  const { service, trusted } = await evidencePlace(t);
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
  t.same(imports, ["node:crypto", "node:fs", "node:process", "node:url"]);
  t.notMatch(source, /import\(|require\(/);
});

interface Vector {
  readonly file: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
}
interface Vectors {
  readonly inclusion: readonly (Vector &
    Record<"root" | "leafHash", string> &
    Record<"leafIdx" | "treeSize", number>)[];
  readonly consistency: readonly (Vector & Record<"root1" | "root2", string> & Record<"size1" | "size2", number>)[];
}

const bytes = (text: string): Buffer => Buffer.from(text, "base64");

t.test("OPEN-5 the verifier's own proofs pass the vectors of the certificate transparency project", async (t) => {
  const from = new URL("../../evidence/vectors/rfc9162-proofs.json", import.meta.url);
  const vectors = JSON.parse(readFileSync(from, "utf8")) as Vectors;
  for (const { file, leafIdx, treeSize, leafHash, root, ...given } of vectors.inclusion) {
    const holds = included(leafIdx, treeSize, bytes(leafHash), (given.proof ?? []).map(bytes), bytes(root));
    if (holds === given.wantErr) t.fail(`inclusion ${file}`);
  }
  for (const { file, size1, size2, root1, root2, ...given } of vectors.consistency) {
    const holds = consistent(size1, size2, (given.proof ?? []).map(bytes), bytes(root1), bytes(root2));
    if (holds === given.wantErr) t.fail(`consistency ${file}`);
  }
  t.ok(vectors.inclusion.length > 90 && vectors.consistency.length > 90);
});
