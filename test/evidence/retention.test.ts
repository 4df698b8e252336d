import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { listEvents, readInclusion, readLeaves, retainedParts } from "../../src/evidence/index.ts";
import { parseCheckpoint } from "../../src/evidence/log/checkpoint.ts";
import { includes, leafHash } from "../../src/evidence/log/merkle.ts";
import { parseNote } from "../../src/evidence/log/note.ts";
import { entryOf } from "../../src/evidence/log/entry.ts";
import { retentionSteps } from "../../src/evidence/log/retained/retain.ts";
import {
  exportNow,
  filesIn,
  linesIn,
  type MonthsScene,
  retain,
  sealAll,
  setMonths,
  verify,
  writeMonth,
} from "./retention-scene.ts";

t.setTimeout(180_000);

const attached = async ({ admin }: MonthsScene): Promise<string[]> => {
  const { rows } = await admin.query<{ partition: string }>("SELECT partition FROM audit_partitions()");
  return rows.map(({ partition }) => partition);
};

/** Three months that are over, this one, and three to come. */
const all = 7;

const partitionOf = (month: string): string => `audit_events_${month.replace("-", "_")}`;

async function requireProved(t: Test, scene: MonthsScene): Promise<void> {
  const verdict = await verify(scene, [...filesIn(scene.directory).map(linesIn), await exportNow(scene)]);
  t.same(
    verdict.findings.filter(({ proved }) => !proved),
    [],
    "the files and the export of the rest prove the whole log",
  );
}

t.test(
  "AUDIT-2 a month is exported, checked, put on record and detached, and its leaves are still proved",
  async (t) => {
    const scene = await setMonths(t);
    const { database, admin, months } = scene;
    await sealAll(scene);
    const { retained } = await retain(scene);
    t.same(
      retained.map(({ month, leaves }) => [month, leaves]),
      [
        [months[0], 299],
        [months[1], 300],
      ],
      "an event is exported with the month that it lies in",
    );
    t.notOk((await attached(scene)).includes(partitionOf(months[0])));
    t.ok((await attached(scene)).includes(partitionOf(months[2])));
    await sealAll(scene);
    await requireProved(t, scene);

    const rest = await exportNow(scene);
    const alone = await verify(scene, [rest]);
    t.notOk(alone.passed);
    const [size] = alone.findings.filter(({ claim }) => claim === "size");
    t.match(
      size?.detail,
      /leaves 0 to \d+ are in none of the files: they are in audit_events_\d{4}_\d\d\.1200\.jsonl of /,
    );

    const proof = await database.transact((tx) => readInclusion(tx, 150, undefined));
    t.match(proof, { entry: null, retained: [{ month: months[0], first_leaf: 0 }] });
    t.equal(proof.retained[0]?.sha256, retained[0]?.sha256, "and the statement says which file holds it");
    const line = linesIn(retained[0]?.file ?? "").find((text) => text.includes('"seq":150}'));
    const { event } = JSON.parse(line ?? "{}") as { event: Parameters<typeof entryOf>[0] };
    const { root } = parseCheckpoint(parseNote(proof.note).text);
    const hashes = proof.path.map((hash) => Buffer.from(hash, "base64"));
    t.ok(
      includes({ ...proof, hash: leafHash(entryOf(event)), path: hashes, root }),
      "the event in the file is that leaf",
    );

    const page = await database.transact((tx) => listEvents(tx, {}, { limit: 200 }));
    t.ok(page.items.length > 0, "lists go on");
    const leaves = await database.transact((tx) => readLeaves(tx, 0, 10));
    t.match(leaves, { items: [], retained: [{ month: months[0] }], next: 10 });
    await t.rejects(
      admin.query(`DELETE FROM ${partitionOf(months[0])}`),
      { code: "23001" },
      "the detached table is guarded",
    );
    await t.rejects(admin.query(`TRUNCATE ${partitionOf(months[0])}`), { code: "23001" });
  },
);

t.test("AUDIT-2 retaining again changes nothing, and drops what is asked for", async (t) => {
  const scene = await setMonths(t);
  await sealAll(scene);
  const first = await retain(scene);
  const second = await retain(scene);
  t.same([second.retained, second.dropped], [[], []]);
  t.same(
    second.parts.map(({ sha256 }) => sha256),
    first.retained.map(({ sha256 }) => sha256),
  );
  t.ok(second.parts.every(({ kept }) => kept));
  const file = first.retained[0]?.file ?? "";
  const whole = readFileSync(file);
  appendFileSync(file, "\n");
  await t.rejects(
    retain(scene, { drop: true }),
    { code: "FILE_LOST" },
    "a table is not dropped whose file has changed",
  );
  writeFileSync(file, whole);
  const third = await retain(scene, { drop: true });
  t.equal(third.dropped.length, 2);
  t.ok(third.parts.every(({ kept }) => !kept));
  t.same((await retain(scene, { drop: true })).dropped, []);
  await sealAll(scene);
  await requireProved(t, scene);
});

for (const step of retentionSteps) {
  t.test(`AUDIT-2 a retention that ends after a month is ${step} is finished by the next one`, async (t) => {
    const scene = await setMonths(t);
    await sealAll(scene);
    const crash = retain(scene, {
      drop: true,
      reached: async (at) => {
        if (at === step) throw new Error("power is gone");
      },
    });
    await t.rejects(crash, { message: "power is gone" });
    const parts = await scene.database.transact(retainedParts);
    const gone = parts.map(({ partition }) => partition);
    t.notOk(
      (await attached(scene)).some((one) => gone.includes(one)),
      "what is on record is detached, and nothing else",
    );
    t.equal((await attached(scene)).length + gone.length, all);
    await sealAll(scene);
    const again = await retain(scene, { drop: true });
    t.equal(again.parts.length, 2);
    t.ok(again.parts.every(({ kept }) => !kept));
    await sealAll(scene);
    await requireProved(t, scene);
  });
}

t.test(
  "AUDIT-2 a month of which an event is not sealed stays; detached naively, that event never gets a leaf",
  async (t) => {
    const scene = await setMonths(t);
    await sealAll(scene);
    await writeMonth(scene, 3, 2);
    await t.rejects(retain(scene), { code: "NOT_SEALED" });
    t.equal((await attached(scene)).length, all);
    t.same(await scene.database.transact(retainedParts), []);
    await scene.admin.query(`ALTER TABLE audit_events DETACH PARTITION ${partitionOf(scene.months[0])}`);
    await sealAll(scene);
    const { rows } = await scene.admin.query<{ missing: string }>(
      `SELECT count(*) AS missing FROM ${partitionOf(scene.months[0])} WHERE seq NOT IN (SELECT unnest(seqs) FROM audit_bundles)`,
    );
    t.equal(rows[0]?.missing, "1", "the control: the log goes on without it");
  },
);

t.test("AUDIT-2 an event that comes in after the check keeps the month from being detached", async (t) => {
  for (const sealed of [false, true]) {
    const scene = await setMonths(t);
    await sealAll(scene);
    const late = retain(scene, {
      reached: async (at) => {
        if (at !== "checked") return;
        await writeMonth(scene, 3, 3);
        if (sealed) await sealAll(scene);
      },
    });
    await t.rejects(late, { code: "NOT_SEALED" });
    t.equal((await attached(scene)).length, all);
    await sealAll(scene);
    await retain(scene);
    await sealAll(scene);
    await requireProved(t, scene);
  }
});

t.test("AUDIT-2 a month that is not what was signed stays", async (t) => {
  for (const text of [
    "UPDATE audit_events SET actor = 'somebody' WHERE seq = 150",
    "UPDATE audit_tiles SET hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1) WHERE level = 0 AND index = 0",
    "UPDATE audit_checkpoints SET note = translate(note, 'ABCDEFGH', 'BCDEFGHA')",
  ]) {
    const scene = await setMonths(t);
    await sealAll(scene);
    await scene.admin.query("BEGIN");
    for (const table of ["audit_events", "audit_tiles", "audit_checkpoints"]) {
      await scene.admin.query(`ALTER TABLE ${table} DISABLE TRIGGER ALL`);
    }
    await scene.admin.query(text);
    await scene.admin.query("COMMIT");
    await t.rejects(retain(scene), { code: "EXPORT_CONTRADICTED" }, text);
    t.equal((await attached(scene)).length, all);
  }
});

t.test(
  "AUDIT-2 this month stays, whatever is asked for, and a file of something else is not written over",
  async (t) => {
    const scene = await setMonths(t);
    await sealAll(scene);
    await t.rejects(retain(scene, { before: "last year" }), { code: "MONTH_NOT_OVER" });
    const other = path.join(scene.directory, `${partitionOf(scene.months[0])}.1200.jsonl`);
    writeFileSync(other, "dear diary\n");
    await t.rejects(retain(scene), { code: "FILE_IN_THE_WAY" });
    t.equal(readFileSync(other, "utf8"), "dear diary\n");
    const { retained } = await retain(scene, { before: "9999-12", directory: t.testdir({}) });
    t.same(
      retained.map(({ month }) => month),
      scene.months.slice(0, 3),
    );
    t.ok((await attached(scene)).includes(partitionOf(scene.months[3])));
  },
);

t.test("AUDIT-2 the database detaches only what it finds to be exported, and keeps the record", async (t) => {
  const scene = await setMonths(t);
  await sealAll(scene);
  await retain(scene);
  const { owner, months } = scene;
  for (const [text, constraint] of [
    ["UPDATE audit_retained SET sha256 = repeat('0', 64)", "append_only"],
    ["DELETE FROM audit_retained", "never_deleted"],
    ["TRUNCATE audit_retained", "never_truncated"],
    [`SELECT drop_retained_partition('${partitionOf(months[0])}', repeat('0', 64))`, "retained_first"],
    [`SELECT drop_retained_partition('${partitionOf(months[2])}', repeat('0', 64))`, "retained_first"],
    [
      `SELECT retain_audit_partition(jsonb_populate_record(r, jsonb_build_object('partition', '${partitionOf(months[3])}'))) FROM audit_retained r LIMIT 1`,
      "month_over",
    ],
    ["SELECT retain_audit_partition(r) FROM audit_retained r LIMIT 1", "retained_already"],
  ] as const) {
    const refused = await owner.transact((tx) => tx.query(text)).catch((error: unknown) => error);
    t.match(refused, { code: "23001", constraint }, text);
  }
});
