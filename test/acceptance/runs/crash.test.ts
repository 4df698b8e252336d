import t from "tap";
import { nameOf, playPoint, pointsOf, record } from "../../support/crash/points.ts";
import { setScene } from "../../support/crash/scene.ts";

t.setTimeout(600_000);

t.test("RUN-2 try", async (t) => {
  const scene = await setScene(t, "commit");
  let b = performance.now();
  const one = await record(scene);
  console.log("recorded", one.statements.length, performance.now() - b);
  for (const s of one.statements) console.log(s.number, s.database.slice(-8), s.text.slice(0, 140));
  console.log(JSON.stringify(one.end, null, 1));
  b = performance.now();
  const two = await record(scene);
  console.log("again", performance.now() - b);
  t.same(two.end, one.end);
  t.same(two.statements.map((s) => s.text), one.statements.map((s) => s.text));
  for (const point of pointsOf(one.statements, ["before", "after"]).filter((_, n) => n % 20 === 0)) {
    b = performance.now();
    t.same(await playPoint(scene, point), one.end, nameOf(point));
    console.log(performance.now() - b);
  }
});
