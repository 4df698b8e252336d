import t, { type Test } from "tap";
import type pg from "pg";
import { readCheckpoint, readLeaves, verifyExport } from "../../src/evidence/index.ts";
import { LogFault } from "../../src/evidence/log/faults.ts";
import { seal, type Seen } from "../../src/evidence/log/seal.ts";
import { openLog } from "../../src/evidence/log/open.ts";
import { canonicalJson } from "../../src/kernel/json.ts";
import { connect, insertEvent, type LogScene, setLogScene } from "../support/log-scene.ts";

t.setTimeout(120_000);

const events = 300;

interface Kept {
  readonly scene: LogScene;
  readonly admin: pg.Client;
  /** The head that an auditor has kept, of two thirds of the events. */
  readonly earlier: string;
  /** What the process that seals remembers. */
  readonly seen: Seen | undefined;
}

async function sealAll({ database, signer }: LogScene, seen?: Seen): Promise<Seen | undefined> {
  let last = seen;
  for (let idle = 0; idle < 2; ) {
    const sealed = await seal(database, signer, last);
    if (sealed === undefined) continue;
    last = sealed.seen;
    if (sealed.added === 0) idle += 1;
  }
  return last;
}

/** A log with a history, and the database's administrator with every guard off. */
async function setKept(t: Test): Promise<Kept> {
  const scene = await setLogScene(t);
  await scene.database.transact((tx) => openLog(tx, scene.signer)).catch(() => undefined);
  const admin = await connect(t, scene.names.superUrl);
  for (let n = 1; n <= 200; n += 1) await admin.query(insertEvent, [`t${n % 7}`, n]);
  let seen = await sealAll(scene);
  const earlier = (await scene.database.transact((tx) => readCheckpoint(tx))).note;
  for (let n = 201; n <= events; n += 1) await admin.query(insertEvent, [`t${n % 7}`, n]);
  seen = await sealAll(scene, seen);
  await admin.query("SET session_replication_role = replica");
  for (const table of [
    "audit_events",
    "audit_log",
    "audit_tiles",
    "audit_bundles",
    "audit_checkpoints",
    "audit_log_keys",
  ]) {
    await admin.query(`ALTER TABLE ${table} DISABLE TRIGGER ALL`);
  }
  return { scene, admin, earlier, seen };
}

/** What `countersign audit export` writes and `audit verify` says of it; or why it could not be exported. */
async function audit({ scene, earlier }: Kept): Promise<string[]> {
  const lines: string[] = [];
  try {
    const head = await scene.database.transact((tx) => readCheckpoint(tx));
    lines.push(canonicalJson({ format: "countersign-log/1", ...head }));
    for (let start: number | null = 0; start !== null; ) {
      const page = await scene.database.transact((tx) => readLeaves(tx, start ?? 0, 1_000));
      lines.push(...page.items.map((item) => canonicalJson(item)));
      start = page.next;
    }
  } catch (error) {
    return [`export: ${(error as Error).message}`];
  }
  async function* each() {
    yield* lines;
  }
  const verdict = await verifyExport(each(), { keys: [scene.signer.key], witnesses: [], earlier: [earlier] });
  return verdict.findings.filter(({ proved }) => !proved).map(({ claim }) => claim);
}

/** What the process says that seals: the one that has seen the log before, or one that was started anew. */
async function sealer({ scene, seen }: Kept, remembers: boolean): Promise<string | undefined> {
  const fault = await seal(scene.database, scene.signer, remembers ? seen : undefined).catch((error: unknown) => error);
  return fault instanceof LogFault ? fault.code : undefined;
}

const rows = {
  "an event edited": "UPDATE audit_events SET actor = 'somebody' WHERE seq = 150",
  "what an event says of a state edited": `UPDATE audit_events SET after = '{"version": 9}' WHERE seq = 150`,
  "the time of an event edited":
    "UPDATE audit_events SET occurred_at = occurred_at - interval '1 microsecond' WHERE seq = 150",
  "two events exchanged": `UPDATE audit_events SET seq = CASE seq WHEN 150 THEN 151 ELSE 150 END WHERE seq IN (150, 151)`,
};

t.test("AUDIT-2 an untouched log passes every check", async (t) => {
  const kept = await setKept(t);
  t.same(await audit(kept), []);
  t.equal(await sealer(kept, true), undefined);
});

for (const [name, text] of Object.entries(rows)) {
  t.test(`AUDIT-2 ${name} as superuser: the root does not come out again`, async (t) => {
    const kept = await setKept(t);
    await kept.admin.query("ALTER TABLE audit_events DROP CONSTRAINT audit_events_key");
    await kept.admin.query(text);
    t.same(await audit(kept), ["root", "continuation"]);
  });
}

t.test("AUDIT-2 an event deleted as superuser: the export stops at its leaf", async (t) => {
  const kept = await setKept(t);
  await kept.admin.query("DELETE FROM audit_events WHERE seq = 150");
  t.match(await audit(kept), ["export: Event 150 is not in the database any more."]);
});

t.test("AUDIT-2 an event put among the sealed ones as superuser has no leaf, and cannot be given one", async (t) => {
  const kept = await setKept(t);
  await kept.admin.query("UPDATE audit_events SET seq = -1 WHERE seq = 150");
  await kept.admin.query(insertEvent.replace("(actor,", "(seq, actor,").replace("VALUES (", "VALUES (150, "), [
    "t1",
    7,
  ]);
  t.same(await audit(kept), ["root", "continuation"]);
  await kept.admin.query("UPDATE audit_bundles SET seqs = seqs[1:10] || 150::bigint || seqs[11:255] WHERE index = 0");
  t.ok((await audit(kept)).includes("root"), "nor by writing it into the list of leaves");
});

t.test(
  "AUDIT-2 the tail truncated to an earlier signed head: only who remembers more can tell, and does",
  async (t) => {
    const kept = await setKept(t);
    const { admin } = kept;
    // The administrator does it well: head, tiles, list and heads all go back to the 200 leaves that were signed.
    await admin.query("DELETE FROM audit_events WHERE seq > 200");
    await admin.query("DELETE FROM audit_checkpoints WHERE size > 200");
    await admin.query(
      "UPDATE audit_log SET (size, root, sealed_seq, horizon_seq) = (SELECT size, root, 200, 200 FROM audit_checkpoints WHERE size = 200)",
    );
    await admin.query("DELETE FROM audit_tiles WHERE level > 0 OR index > 0");
    await admin.query("UPDATE audit_tiles SET hashes = substring(hashes FROM 1 FOR 200 * 32)");
    await admin.query("DELETE FROM audit_bundles WHERE index > 0");
    await admin.query("UPDATE audit_bundles SET seqs = seqs[1:200]");
    t.equal(await sealer(kept, true), "LOG_SHRUNK", "the process that has seen 300 leaves");
    t.same(await audit(kept), [], "an auditor who has kept the head of 200 is not told");
    const later = { ...kept, earlier: (await signedHead(kept)) ?? "" };
    t.same(await audit(later), ["continuation"], "one who has kept that of 300 is");
  },
);

/** The head of all events, made once more with the log's key: what an auditor may have kept. */
async function signedHead({ scene, seen }: Kept): Promise<string | undefined> {
  if (seen === undefined) return undefined;
  const { formatCheckpoint } = await import("../../src/evidence/log/checkpoint.ts");
  const { formatNote, signNote } = await import("../../src/evidence/log/note.ts");
  const text = formatCheckpoint({ origin: scene.signer.key.name, ...seen });
  return formatNote({ text, signatures: [signNote(text, scene.signer.key, scene.signer.privateKey)] });
}

t.test(
  "AUDIT-2 the whole log replaced: without the key it is not signed, with the service's help it does not continue",
  async (t) => {
    const kept = await setKept(t);
    const { admin, scene } = kept;
    await admin.query("UPDATE audit_events SET actor = 'somebody'");
    await admin.query(
      "DELETE FROM audit_tiles; DELETE FROM audit_bundles; DELETE FROM audit_checkpoints; DELETE FROM audit_log",
    );
    await scene.database.transact((tx) => openLog(tx, scene.signer));
    t.equal(await sealer(kept, true), "LOG_SHRUNK", "the process that has seen the log");
    await sealAll(scene);
    t.same(
      await audit(kept),
      ["continuation"],
      "a process started anew signs it, and whoever has kept a head can tell",
    );
  },
);

t.test("AUDIT-2 heads and tiles edited as superuser are not built upon", async (t) => {
  for (const [text, code] of [
    [
      "UPDATE audit_tiles SET hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1) WHERE level = 0 AND index = 1",
      "ROOT_CONTRADICTED",
    ],
    ["DELETE FROM audit_tiles WHERE level = 0 AND index = 1", "TILES_MISSING"],
    ["UPDATE audit_log SET root = sha256('x')", "ROOT_CONTRADICTED"],
    ["UPDATE audit_checkpoints SET note = replace(note, 'A', 'B')", "HEAD_UNSIGNED"],
    ["DELETE FROM audit_checkpoints", "HEAD_UNSIGNED"],
  ] as const) {
    const kept = await setKept(t);
    await kept.admin.query(text);
    t.equal(await sealer(kept, false), code, text);
  }
});
