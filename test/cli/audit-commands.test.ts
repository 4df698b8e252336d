import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { verifierKey } from "../../src/evidence/index.ts";
import { connect, otherKey } from "../support/log-scene.ts";
import { exportNow, filesIn, type MonthsScene, sealAll, setMonths } from "../evidence/retention-scene.ts";
import { runCli } from "./run-cli.ts";

t.setTimeout(280_000);

interface Finding {
  readonly claim: string;
  readonly proved: boolean;
  readonly detail: string;
}

/** A log of three months, and the command on its database. */
async function setAudit(t: Test) {
  const scene = await setMonths(t, 40);
  await sealAll(scene);
  const env = { DATABASE_URL: scene.names.appUrl, DATABASE_OWNER_URL: scene.names.ownerUrl };
  const audit = (...args: string[]) => runCli(t, env, "--json", "audit", ...args);
  return { scene, audit, key: verifierKey(scene.signer.key) };
}

const retainIn = (scene: MonthsScene, ...more: string[]): string[] => [
  "retain",
  "--before",
  scene.months[2],
  "--to",
  scene.directory,
  ...more,
];

const findings = (answer: { json(): Record<string, unknown> }): readonly Finding[] =>
  answer.json()["findings"] as Finding[];
const notProved = (answer: { json(): Record<string, unknown> }): string[] =>
  findings(answer).flatMap(({ claim, proved }) => (proved ? [] : [claim]));

t.test("AUDIT-2 audit retain exports the months that are over, and drops them once that is asked for", async (t) => {
  const { scene, audit, key } = await setAudit(t);
  const other = verifierKey(otherKey().key);
  t.match(
    await audit(...retainIn(scene, "--key", other)),
    { code: 1, stderr: /EXPORT_CONTRADICTED/ },
    "the key of another log",
  );
  t.match(await audit("retain", "--before", "soon", "--to", scene.directory), { code: 1, stderr: /MONTH_NOT_OVER/ });
  t.match(await audit("retain", "--to", scene.directory), { code: 2 }, "what is to be exported is said");

  const done = await audit(...retainIn(scene, "--key", key));
  t.equal(done.code, 0, done.stderr);
  t.match(done.json(), { retained: [{ month: scene.months[0] }, { month: scene.months[1] }], dropped: [] });
  t.equal(filesIn(scene.directory).length >= 2, true);
  const again = await audit(...retainIn(scene));
  t.match([again.code, again.json()], [0, { retained: [], dropped: [] }], "again changes nothing");

  const kept = filesIn(scene.directory).find((file) => file.includes(scene.months[0].replace("-", "_"))) ?? "";
  const whole = readFileSync(kept);
  appendFileSync(kept, "\n");
  t.match(
    await audit(...retainIn(scene, "--drop")),
    { code: 1, stderr: /FILE_LOST/ },
    "no table goes without its file",
  );
  writeFileSync(kept, whole);
  const dropped = await audit(...retainIn(scene, "--drop"));
  t.match([dropped.code, (dropped.json()["dropped"] as string[]).length], [0, 2]);
});

t.test("AUDIT-2 audit verify takes an export together with the files of the months that it names", async (t) => {
  const { scene, audit, key } = await setAudit(t);
  await audit(...retainIn(scene, "--drop"));
  await sealAll(scene);
  const current = path.join(scene.directory, "current.export");
  writeFileSync(current, `${(await exportNow(scene)).join("\n")}\n`);
  const files = filesIn(scene.directory);

  const whole = await audit("verify", current, ...files, "--key", key);
  t.match([whole.code, notProved(whole)], [0, []], whole.stdout);
  const alone = await audit("verify", current, "--key", key);
  t.equal(alone.code, 1);
  t.match(
    findings(alone).find(({ claim }) => claim === "size")?.detail,
    path.basename(files[0] ?? "none"),
    "which file is missing is said",
  );
  const unknown = await audit("verify", current, ...files, "--key", verifierKey(otherKey().key));
  t.match([unknown.code, notProved(unknown).includes("signature")], [1, true]);
  t.match(await audit("verify"), { code: 2, stderr: /--database/ });
  const none = path.join(scene.directory, "none.jsonl");
  t.match(await audit("verify", none, "--key", key), { code: 2, stderr: /cannot read/ });

  const [first = ""] = files;
  writeFileSync(first, readFileSync(first, "utf8").replace('"actor":"writer"', '"actor":"reader"'));
  const changed = await audit("verify", current, ...files, "--key", key);
  t.match([changed.code, notProved(changed).includes("root")], [1, true], "an actor in a file was changed");
});

t.test(
  "AUDIT-2 audit verify --database looks at the log where it is, and at the files of what is not there",
  async (t) => {
    const { scene, audit, key } = await setAudit(t);
    const before = await audit("verify", "--database", "--key", key);
    t.match([before.code, notProved(before)], [0, []], before.stdout);
    const believing = await audit("verify", "--database");
    t.match([believing.code, notProved(believing)], [1, ["key"]], "the database's own key proves nothing");

    await audit(...retainIn(scene, "--drop"));
    await sealAll(scene);
    const files = filesIn(scene.directory);
    const without = await audit("verify", "--database", "--key", key);
    t.match([without.code, notProved(without)], [1, ["retained"]], "what was not looked at is not proved");
    const withFiles = await audit("verify", "--database", ...files, "--key", key);
    t.match([withFiles.code, notProved(withFiles)], [0, []], withFiles.stdout);
    const some = await audit("verify", "--database", files[0] ?? "", "--key", key);
    t.match([some.code, notProved(some)], [1, ["retained"]]);

    const admin = await connect(t, scene.names.superUrl);
    await admin.query("ALTER TABLE audit_events DISABLE TRIGGER ALL");
    await admin.query("DELETE FROM audit_events WHERE seq = (SELECT max(seq) - 20 FROM audit_events)");
    const tampered = await audit("verify", "--database", ...files, "--key", key);
    t.match([tampered.code, notProved(tampered)], [1, ["events"]]);
  },
);
