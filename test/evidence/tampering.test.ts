import t, { type Test } from "tap";
import type pg from "pg";
import { readCheckpoint, readLeaves, verifyExport, verifyLog } from "../../src/evidence/index.ts";
import { LogFault } from "../../src/evidence/log/faults.ts";
import { makeLogKeeper } from "../../src/evidence/log/keep.ts";
import { verifierKey } from "../../src/evidence/log/note.ts";
import { seal, type Seen } from "../../src/evidence/log/seal.ts";
import { openLog } from "../../src/evidence/log/open.ts";
import { walkLog } from "../../src/evidence/log/walk.ts";
import { canonicalJson } from "../../src/kernel/json.ts";
import { sealAll } from "./retention-scene.ts";
import { connect, insertEvent, type LogScene, setLogScene } from "../support/log-scene.ts";

t.setTimeout(280_000);

const events = 300;

interface Kept {
  readonly scene: LogScene;
  readonly admin: pg.Client;
  /** The head that an auditor has kept, of two thirds of the events. */
  readonly earlier: string;
  /** What the process that seals remembers. */
  readonly seen: Seen | undefined;
}

const insertEvents = `INSERT INTO audit_events (actor, action, resource_type, resource_id, request_id, after)
  SELECT 'writer', 'thing.changed', 'thing', 't' || n % 7, 'r', jsonb_build_object('version', n) FROM generate_series($1::int, $2::int) AS n`;

/** A log with a history, and the database's administrator with every guard off. */
async function setKept(t: Test): Promise<Kept> {
  const scene = await setLogScene(t);
  await scene.database.transact((tx) => openLog(tx, scene.signer)).catch(() => undefined);
  const admin = await connect(t, scene.names.superUrl);
  await admin.query(insertEvents, [1, 200]);
  let seen = await sealAll(scene);
  const earlier = (await scene.database.transact((tx) => readCheckpoint(tx))).note;
  await admin.query(insertEvents, [201, events]);
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

/** What a walk along the whole log finds, bundle by bundle. */
async function walk({ scene }: Kept): Promise<string[]> {
  const codes: string[] = [];
  for (let from = 0; ; ) {
    const { next, faults } = await walkLog(scene.database, from, 1, [scene.signer.key]);
    codes.push(...faults.map(({ code }) => code));
    if (next === 0) return codes;
    from = next;
  }
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
  t.same(await walk(kept), []);
  const { database, signer } = kept.scene;
  const verdict = await verifyLog(database, [signer.key], [kept.earlier]);
  t.same(
    verdict.findings.filter(({ proved }) => !proved),
    [],
  );
  t.notOk((await verifyLog(database, [], [])).passed, "believing the database's own key proves nothing");
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
    t.same(await walk(kept), [], "nothing in the database contradicts anything else");
    t.same(await audit(kept), [], "an auditor who has kept the head of 200 is not told");
    const later = { ...kept, earlier: (await signedHead(kept)) ?? "" };
    t.same(await audit(later), ["continuation"], "one who has kept that of 300 is");
    const verdict = await verifyLog(kept.scene.database, [kept.scene.signer.key], [later.earlier]);
    t.same(
      verdict.findings.filter(({ proved }) => !proved).map(({ claim }) => claim),
      ["continuation"],
    );
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
    ["UPDATE audit_checkpoints SET note = translate(note, 'ABCDEFGH', 'BCDEFGHA')", "HEAD_UNSIGNED"],
    ["DELETE FROM audit_checkpoints", "HEAD_UNSIGNED"],
  ] as const) {
    const kept = await setKept(t);
    await kept.admin.query(text);
    t.equal(await sealer(kept, false), code, text);
  }
});

const within = {
  "a byte of a full tile": [
    "UPDATE audit_tiles SET hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1) WHERE level = 0 AND index = 0",
    ["TILE_CONTRADICTED", "EVENT_CONTRADICTED"],
  ],
  "a full tile and the one above it": [
    "UPDATE audit_tiles SET hashes = set_byte(hashes, 4, get_byte(hashes, 4) # 1) WHERE index = 0",
    ["TILE_CONTRADICTED", "EVENT_CONTRADICTED", "TILE_CONTRADICTED"],
  ],
  "an event": ["UPDATE audit_events SET actor = 'somebody' WHERE seq = 150", ["EVENT_CONTRADICTED"]],
  "an event with its leaf": [
    `UPDATE audit_events SET actor = 'somebody' WHERE seq = 150;
     UPDATE audit_tiles SET hashes = overlay(hashes PLACING sha256('x') FROM 149 * 32 + 1) WHERE level = 0 AND index = 0`,
    ["TILE_CONTRADICTED", "EVENT_CONTRADICTED"],
  ],
  "an event that is gone": ["DELETE FROM audit_events WHERE seq = 150", ["EVENT_MISSING"]],
  "an event before the first": [
    "INSERT INTO audit_events (seq, actor, action, resource_type, resource_id, request_id) VALUES (-5, 'a', 'b.c', 'd', 'e', 'f')",
    ["EVENT_UNLISTED"],
  ],
  "an event of another place": [
    "UPDATE audit_events SET seq = -1 WHERE seq = 150",
    ["EVENT_UNLISTED", "EVENT_MISSING"],
  ],
  "the list of leaves": [
    "UPDATE audit_bundles SET seqs = seqs[1:99] || seqs[101] || seqs[100] || seqs[102:256] WHERE index = 0",
    ["LIST_CONTRADICTED"],
  ],
  "a list of leaves that is gone": ["DELETE FROM audit_bundles WHERE index = 0", ["LIST_CONTRADICTED"]],
  "the root of an old head": [
    "UPDATE audit_checkpoints SET root = sha256('x') WHERE size = 200",
    ["CHECKPOINT_CONTRADICTED"],
  ],
  "the signature of an old head": [
    "UPDATE audit_checkpoints SET note = translate(note, 'ABCDEFGH', 'BCDEFGHA') WHERE size = 200",
    ["CHECKPOINT_CONTRADICTED"],
  ],
  "the latest head that is gone": ["DELETE FROM audit_checkpoints WHERE size = 300", ["HEAD_UNSIGNED"]],
  "an old head of another size": [
    "UPDATE audit_checkpoints SET size = 201 WHERE size = 200",
    ["CHECKPOINT_CONTRADICTED"],
  ],
} as const;

for (const [name, [text, codes]] of Object.entries(within)) {
  t.test(`AUDIT-2 ${name}, changed as superuser behind the right edge: the walk along the log finds it`, async (t) => {
    const kept = await setKept(t);
    await kept.admin.query(text);
    t.same(await walk(kept), codes);
    const verdict = await verifyLog(kept.scene.database, [kept.scene.signer.key]);
    t.notOk(verdict.passed, "countersign audit verify --database says so");
    const keeper = makeLogKeeper({ ...kept.scene, witnesses: [], onError: () => undefined });
    await kept.admin.query("INSERT INTO audit_log_keys (vkey) VALUES ($1) ON CONFLICT DO NOTHING", [
      verifierKey(kept.scene.signer.key),
    ]);
    for (let round = 0; round < 2; round += 1) await keeper.seal(() => false);
    // What a seal itself meets comes first.
    t.equal(
      keeper.fault?.code,
      name.includes("above") ? "ROOT_CONTRADICTED" : codes[0],
      "and so does the process that seals",
    );
  });
}
