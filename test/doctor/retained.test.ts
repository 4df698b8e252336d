import { rmSync } from "node:fs";
import t from "tap";
import { logFindings } from "../../src/doctor/log/findings.ts";
import { retain, sealAll, setMonths, type MonthsScene } from "../evidence/retention-scene.ts";

t.setTimeout(180_000);

const sighting = { faults: [], witnesses: [], cosigners: { required: 0, keys: [] } };
const found = async ({ database }: MonthsScene) =>
  (await database.transact((tx) => logFindings(tx, sighting))).filter(({ code }) => code === "AUDIT_RETAINED");

t.test("OPEN-6 AUDIT-2 the doctor tells which months are in files, and in which", async (t) => {
  const scene = await setMonths(t, 40);
  await sealAll(scene);
  t.same(await found(scene), []);
  const { retained } = await retain(scene);
  const [first] = retained;
  t.match(await found(scene), [
    {
      severity: "info",
      subject: "audit_events",
      detail: `${first?.month} in ${first?.file} (its table is still there)`,
    },
  ]);
  await retain(scene, { drop: true });
  const [dropped] = await found(scene);
  t.match(dropped?.detail, `${first?.month} in ${first?.file}`);
  t.notMatch(dropped?.detail, "still there");
  for (const { file } of retained) rmSync(file);
});
