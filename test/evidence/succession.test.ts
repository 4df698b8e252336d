import { randomBytes } from "node:crypto";
import t, { type Test } from "tap";
import { canonical, check, readVerifierKey } from "../../docs/verify/verify.mjs";
import {
  type LogSigner,
  logSigner,
  openLog,
  readCheckpoint,
  verifierKey,
  verifyExport,
  verifyLog,
} from "../../src/evidence/index.ts";
import { parseNote } from "../../src/evidence/log/note.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { noticeRestore } from "../../src/recovery/index.ts";
import { recoverOn, restoreOf } from "../recovery/scene.ts";
import { evidence, forged, notProved, type Statement } from "../support/evidence.ts";
import { consume, expectStatus, mintGrant } from "../support/flow.ts";
import { connect, insertEvent, setLogScene } from "../support/log-scene.ts";
import { logKey, setStage, type Stage, startService } from "../support/service.ts";
import { exportNow, sealAll } from "./retention-scene.ts";

t.setTimeout(280_000);

const origin = "log.example/succession";
const freshKey = (): LogSigner => logSigner(origin, randomBytes(32));
const trusting = (...signers: readonly LogSigner[]) => ({
  logKeys: signers.map(({ key }) => readVerifierKey(verifierKey(key))),
});
const claimsOf = (file: string, signer: LogSigner, claim: string) =>
  check(file, trusting(signer)).filter((one) => one.claim === claim);

async function* each(lines: readonly string[]) {
  yield* lines;
}

const verify = (lines: readonly string[], ...signers: readonly LogSigner[]) =>
  verifyExport(each(lines), { keys: signers.map(({ key }) => key), witnesses: [], earlier: [] });

interface Handed {
  readonly stage: Stage;
  readonly first: LogSigner;
  readonly second: LogSigner;
  /** The evidence of a grant that was used after the second key was alone, signed with it alone. */
  readonly file: string;
}

/** A log whose key was replaced by another, which signs alone by now. */
async function setHanded(t: Test): Promise<Handed> {
  const [first, second] = [freshKey(), freshKey()];
  const stage = await setStage(t);
  await stage.database.transact((tx) => openLog(tx, first));
  const service = await startService(t, { stage, logSigner: first, targets: {}, config: { sealIntervalMs: 0 } });
  const code = await mintGrant(service);
  await sealAll({ ...stage, signer: first });
  const both = { ...second, also: [first] };
  await stage.database.transact((tx) => openLog(tx, both));
  await sealAll({ ...stage, signer: both });
  await expectStatus(consume(service, code, "once"), 200);
  await sealAll({ ...stage, signer: second });
  const file = forged(await evidence(service, `grants/${code}`), second, () => undefined);
  return { stage, first, second, file };
}

t.test("AUDIT-2 whoever knows only the key before follows to the one that signs now", async (t) => {
  const { stage, first, second, file } = await setHanded(t);
  const { note } = await stage.database.transact((tx) => readCheckpoint(tx));
  t.same(
    parseNote(note).signatures.map(({ id }) => id.toString("hex")),
    [second.key.id.toString("hex")],
    "the head is signed with the new key alone",
  );
  t.same(notProved(check(file, trusting(first))), [], "the evidence");
  const [said] = claimsOf(file, first, "log-key");
  t.match(said, { status: "proved" });
  t.match(said?.detail, `${verifierKey(second.key)} of the log is vouched for by ${verifierKey(first.key)} at leaf `);
  t.same(claimsOf(file, second, "log-key"), [], "who knows the new key needs nobody to vouch for it");
  t.not(notProved(check(file, trusting(freshKey()))).length, 0, "who knows neither believes neither");

  const lines = await exportNow({ ...stage, signer: second });
  const verdict = await verify(lines, first);
  t.ok(verdict.passed, JSON.stringify(verdict.findings));
  t.match(
    verdict.findings.find(({ claim }) => claim === "key"),
    { proved: true, detail: new RegExp(`is vouched for by ${origin}\\+`) },
  );
  t.notOk((await verify(lines, freshKey())).passed);
  const there = await verifyLog(stage.database, [first.key]);
  t.ok(there.passed, JSON.stringify(there.findings));
  t.ok(there.findings.some(({ claim }) => claim === "key"));
  t.notOk((await verifyLog(stage.database, [freshKey().key])).passed);
});

t.test("AUDIT-2 a forged link leads nobody to another key", async (t) => {
  const { stage, first, second, file } = await setHanded(t);
  const stranger = freshKey();
  type Link = Statement["predicate"]["log"]["links"][number];
  type Said = { verifier_key: string; note: string };
  const forgeries: Record<string, (link: Link) => unknown> = {
    "another key": ({ event }) => ((event.after as Said).verifier_key = verifierKey(stranger.key)),
    "another voucher": ({ event }) => ((event.before as Said).verifier_key = verifierKey(stranger.key)),
    "a succession that is not signed": ({ event }) => ((event.after as Said).note = "x"),
    "a succession that only the new key has signed": ({ event }) => {
      const said = event.after as Said;
      const [text = "", signatures = ""] = said.note.split("\n\n");
      said.note = `${text}\n\n${signatures.split("\n")[0]}\n`;
    },
    "another event": ({ event }) => (event.action = "audit_log.opened"),
    "another place": (link) => (link.leaf += 1),
    "another way": (link) => (link.path = link.path.slice(1)),
    "a head that the key before has not signed": (link) => (link.note = link.note.replace(/— [^\n]*\n$/, "")),
    "no head": (link) => (link.note = ""),
  };
  for (const [what, forge] of Object.entries(forgeries)) {
    const changed = forged(file, second, ({ predicate: { log } }) => {
      const [link] = log.links;
      if (link !== undefined) forge(link);
    });
    t.same(claimsOf(changed, first, "log-key"), [], what);
    const claims = notProved(check(changed, trusting(first))).map(({ claim }) => claim);
    t.ok(claims.includes("head") && claims.includes("envelope"), `${what}: nothing is believed`);
  }

  const lines = await exportNow({ ...stage, signer: second });
  for (const [what, forge] of Object.entries(forgeries)) {
    const header = JSON.parse(lines[0] ?? "") as { links: Link[] };
    const [link] = header.links;
    if (link !== undefined) forge(link);
    const verdict = await verify([canonical(header), ...lines.slice(1)], first).catch(() => ({
      passed: false,
      findings: [],
    }));
    t.notOk(verdict.passed, `${what}: an export`);
    t.notOk(
      verdict.findings.some(({ claim }) => claim === "key"),
      what,
    );
  }
});

t.test("AUDIT-2 beside the log is kept only what the same transaction has written into it", async (t) => {
  const scene = await setLogScene(t);
  const app = await connect(t, scene.names.appUrl);
  const insert = "INSERT INTO audit_log_links (seq, event) VALUES ($1, $2)";
  const refused = { code: "23001", constraint: "link_of_event" };
  await app.query(insertEvent, ["a", 1]);
  const { rows } = await app.query<{ seq: number; event: object }>(
    "SELECT seq::int AS seq, to_jsonb(e) - 'transaction' AS event FROM audit_events e",
  );
  const [row] = rows;
  await t.rejects(app.query(insert, [row?.seq, row?.event]), refused, "an event of another transaction");
  await t.rejects(
    app.query(insert, [1_000_000, { ...row?.event, seq: 1_000_000 }]),
    refused,
    "a number that is to come",
  );
});

t.test("AUDIT-2 GRANT-9 a log that goes on under another name says so to whoever knows the old one", async (t) => {
  const [name = "", seed = ""] = logKey.split(/:(?=[^:]*$)/);
  const signer = logSigner(name, Buffer.from(seed, "base64"));
  const stage = await setStage(t);
  await stage.database.transact((tx) => noticeRestore(tx, serviceCaller("start"), "hold"));
  await stage.database.transact((tx) => openLog(tx, signer));
  const service = await startService(t, { stage, logSigner: signer, targets: {}, config: { sealIntervalMs: 0 } });
  const code = await mintGrant(service);
  await expectStatus(consume(service, code, "once"), 200);
  await sealAll({ ...stage, signer });
  const restored = await restoreOf(t, stage, "server");
  await recoverOn(restored, {});
  // A process that was there before the recovery, and knows the log by its old name.
  const after = await startService(t, {
    stage: restored,
    logSigner: signer,
    targets: {},
    config: { sealIntervalMs: 0 },
  });
  await sealAll({ ...restored, signer });
  const file = await evidence(after, `grants/${code}`);
  t.same(notProved(check(file, trusting(signer))), []);
  t.match(claimsOf(file, signer, "log-name"), [{ status: "proved", detail: new RegExp(`called ${name}/g2 since`) }]);
  const { keyid } = (JSON.parse(file) as { signatures: [{ keyid: string }] }).signatures[0];
  t.match(keyid, `${name}/g2+`, "it is signed under the name that the log has now");
  const silent = forged(file, signer, ({ predicate: { log } }) => (log.links = []));
  t.match(notProved(check(silent, trusting(signer))), [{ claim: "log-name" }], "no name is taken without its event");

  const invented = forged(file, signer, ({ predicate: { log } }) => {
    const [link] = log.links;
    if (link !== undefined) Object.assign(link.event.before, { size: 1 });
  });
  t.match(notProved(check(invented, trusting(signer))), [{ claim: "log-name" }], "nor with another head before it");

  const lines = await exportNow({ ...restored, signer });
  const verdict = await verify(lines, signer);
  t.ok(verdict.passed, JSON.stringify(verdict.findings));
  t.match(
    verdict.findings.find(({ claim }) => claim === "name"),
    { proved: true, detail: new RegExp(`called ${name}/g2 since`) },
  );
  const [header = "", ...leaves] = lines;
  const without = canonical({ ...(JSON.parse(header) as object), links: [] });
  t.notOk((await verify([without, ...leaves], signer)).passed);
  t.ok((await verifyLog(restored.database, [signer.key])).passed);
});
