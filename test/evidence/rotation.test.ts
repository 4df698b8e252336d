import { randomBytes } from "node:crypto";
import t, { type Test } from "tap";
import { resolveLogKey } from "../../src/bootstrap/secrets.ts";
import { readConfig } from "../../src/config.ts";
import { parseCheckpoint } from "../../src/evidence/log/checkpoint.ts";
import { inclusionProof } from "../../src/evidence/log/merkle.ts";
import { type NoteKey, parseNote, parseVerifierKey, signedBy, verifierKey } from "../../src/evidence/log/note.ts";
import { openLog } from "../../src/evidence/log/open.ts";
import { followKeys, type KeyLink } from "../../src/evidence/log/links/follow.ts";
import { LogKeyMismatch } from "../../src/evidence/log/rotation.ts";
import { seal } from "../../src/evidence/log/seal.ts";
import { type LogSigner, logSigner } from "../../src/evidence/log/signer.ts";
import { latestCheckpoint, leafOf, logKeys, readTile } from "../../src/evidence/log/store.ts";
import { nodesFrom } from "../../src/evidence/log/tiles.ts";
import { fileWitness } from "../../src/evidence/log/witness.ts";
import { connect, examineLog, insertEvent, type LogScene, origin, setLogScene } from "../support/log-scene.ts";

t.setTimeout(120_000);

const freshKey = (): LogSigner => logSigner(origin, randomBytes(32));
const open = ({ database }: LogScene, signer: LogSigner) => database.transact((tx) => openLog(tx, signer));
const keys = ({ database }: LogScene) => database.transact(logKeys);

/** One more event, sealed with that key, as is everything before it. @returns the head */
async function grow(t: Test, scene: LogScene, signer: LogSigner): Promise<string> {
  const writer = await connect(t, scene.names.appUrl);
  await writer.query(insertEvent, ["a", 1]);
  const { rows } = await writer.query<{ count: number }>("SELECT count(*)::int AS count FROM audit_events");
  for (;;) {
    await seal(scene.database, signer, undefined);
    const head = await scene.database.transact(latestCheckpoint);
    if (head?.size === rows[0]?.count) return head?.note ?? "";
  }
}

const signers = (note: string, all: readonly LogSigner[]): boolean[] =>
  all.map(({ key }) => signedBy(parseNote(note), key) !== undefined);

/** What an auditor is shown of each key that has taken over. @param note the head that it is shown under */
async function linksUnder(scene: LogScene, note: string): Promise<KeyLink[]> {
  const { events } = await examineLog(scene);
  const { size } = parseCheckpoint(parseNote(note).text);
  const added = events.filter(({ action }) => action === "audit_log.key_added");
  return scene.database.transact((tx) =>
    Promise.all(
      added.map(async (event) => {
        const leaf = (await leafOf(tx, event.seq)) ?? -1;
        const path = await inclusionProof(
          nodesFrom((level, index) => readTile(tx, level, index)),
          leaf,
          size,
        );
        return { event, leaf, path, note };
      }),
    ),
  );
}

const names = (all: readonly NoteKey[]): string[] => all.map(verifierKey);

t.test("AUDIT-2 a key takes over in the log itself, vouched for by the one before", async (t) => {
  const scene = await setLogScene(t);
  const [first, second, third] = [scene.signer, freshKey(), freshKey()];
  t.same(signers(await grow(t, scene, first), [first, second]), [true, false]);

  const both = { ...second, also: [first] };
  await open(scene, both);
  t.same(await keys(scene), names([first.key, second.key]));
  const shared = await grow(t, scene, both);
  t.same(signers(shared, [first, second]), [true, true], "while both are there, both sign");
  const links = await linksUnder(scene, shared);
  t.equal(links.length, 1);
  t.same(
    names(followKeys([first.key], links)),
    names([first.key, second.key]),
    "who trusts the first may trust the second",
  );
  t.same(names(followKeys([third.key], links)), names([third.key]), "who trusts another key learns nothing");

  const alone = await grow(t, scene, second);
  t.same(signers(alone, [first, second]), [false, true]);
  t.same(
    names(followKeys([first.key], await linksUnder(scene, alone))),
    names([first.key]),
    "a head of the new key alone proves it to nobody",
  );
  await open(scene, second);

  const next = { ...third, also: [second] };
  await open(scene, next);
  const later = await grow(t, scene, next);
  const all = [...(await linksUnder(scene, later)), ...links];
  t.same(
    names(followKeys([first.key], all)),
    names([first.key, second.key, third.key]),
    "from key to key, in any order",
  );
  t.same((await examineLog(scene)).tilesRoot, (await examineLog(scene)).root);
});

t.test("AUDIT-2 nothing of what vouches for a key can be another thing", async (t) => {
  const scene = await setLogScene(t);
  const [first, second, stranger] = [scene.signer, freshKey(), freshKey()];
  const both = { ...second, also: [first] };
  await open(scene, both);
  const [link] = await linksUnder(scene, await grow(t, scene, both));
  if (link === undefined) throw new Error("no link");
  const learnt = (changed: Partial<KeyLink>): number => followKeys([first.key], [{ ...link, ...changed }]).length - 1;
  t.equal(learnt({}), 1);
  const { event } = link;
  t.equal(learnt({ event: { ...event, after: { verifier_key: verifierKey(stranger.key) } } }), 0, "another key");
  t.equal(learnt({ event: { ...event, action: "thing.changed" } }), 0, "another event");
  t.equal(learnt({ event: { ...event, before: {} } }), 0, "nobody who vouches");
  t.equal(learnt({ leaf: link.leaf + 1 }), 0, "another place");
  t.equal(learnt({ path: [...link.path, randomBytes(32)] }), 0, "another proof");
  t.equal(learnt({ note: link.note.replace(/— [^\n]*\n$/, "") }), 0, "not signed by it");
  t.equal(learnt({ note: "x" }), 0, "no head");
});

t.test("AUDIT-2 a key that nobody vouches for does not get at the log, nor one that was replaced", async (t) => {
  const scene = await setLogScene(t);
  const [first, second, stranger] = [scene.signer, freshKey(), freshKey()];
  await grow(t, scene, first);
  await t.rejects(open(scene, second), LogKeyMismatch, "a new key alone");
  await t.rejects(
    open(scene, { ...second, also: [stranger] }),
    LogKeyMismatch,
    "one with a key behind it that is not the log's",
  );
  t.same(await keys(scene), names([first.key]));

  await open(scene, { ...second, also: [first] });
  await t.rejects(open(scene, first), LogKeyMismatch, "the one that was replaced");
  await t.rejects(open(scene, { ...first, also: [second] }), LogKeyMismatch, "nor does it come back");
  const size = (await examineLog(scene)).size;
  await t.rejects(
    seal(scene.database, first, undefined),
    LogKeyMismatch,
    "a process that has only the old key seals no more",
  );
  t.equal((await examineLog(scene)).size, size);
  await grow(t, scene, { ...second, also: [first] });
});

t.test("AUDIT-2 of processes that bring the new key at once one puts it on record", async (t) => {
  const scene = await setLogScene(t);
  const both = { ...freshKey(), also: [scene.signer] };
  await Promise.all(Array.from({ length: 6 }, () => open(scene, both)));
  await grow(t, scene, both);
  const { events } = await examineLog(scene);
  t.equal(events.filter(({ action }) => action === "audit_log.key_added").length, 1);
  t.equal((await keys(scene)).length, 2);
});

t.test("AUDIT-2 a file of heads goes on from one key to the next", async (t) => {
  const scene = await setLogScene(t);
  const file = `${t.testdir()}/heads.txt`;
  const second = freshKey();
  const both = { ...second, also: [scene.signer] };
  const none = async (): Promise<never[]> => [];
  await fileWitness(file, scene.signer.key).show(await grow(t, scene, scene.signer), none);
  await open(scene, both);
  const { database } = scene;
  const { proveConsistency } = await import("../../src/evidence/log/proofs.ts");
  const prove = (size: number) => (first: number) => database.transact((tx) => proveConsistency(tx, first, size));
  const show = async (note: string, ...known: NoteKey[]) =>
    fileWitness(file, ...known).show(note, prove(parseCheckpoint(parseNote(note).text).size));
  await show(await grow(t, scene, both), second.key, scene.signer.key);
  await show(await grow(t, scene, second), second.key);
  await t.rejects(
    show(await grow(t, scene, second), scene.signer.key),
    { code: "WITNESS_CONTRADICTED" },
    "who knows only the old key",
  );
});

t.test("AUDIT-2 LOG_KEY takes the key before it behind a comma, of the same name", async (t) => {
  const entry = (name: string, byte: number): string => `${name}:${Buffer.alloc(32, byte).toString("base64")}`;
  const read = (text: string) => resolveLogKey(readConfig({ LOG_KEY: text }));
  const { key, also = [] } = await read(`${entry("log.example/a", 2)},${entry("log.example/a", 1)}`);
  const alone = await read(entry("log.example/a", 1));
  t.same(names(also.map((one) => one.key)), names([alone.key]));
  t.not(verifierKey(key), verifierKey(alone.key));
  t.equal(parseVerifierKey(verifierKey(key)).name, "log.example/a");
  await t.rejects(read(`${entry("log.example/a", 2)},${entry("log.example/b", 1)}`), { message: /two names/ });
  t.throws(() => readConfig({ LOG_KEY: `${entry("log.example/a", 2)},` }), { message: /LOG_KEY/ });
});
