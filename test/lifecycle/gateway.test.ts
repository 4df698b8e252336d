import t from "tap";
import { openDatabase } from "../../src/database/index.ts";
import { gatewayDigest, readGateway } from "../../src/lifecycle/gateway/catalog.ts";
import { compare } from "../../src/lifecycle/gateway/compare.ts";
import type { GatewayObject } from "../../src/lifecycle/gateway/schemas.ts";
import { installPlan, roleUrl, useUnits } from "../support/lifecycle.ts";
import { useTarget } from "../support/runs.ts";

t.setTimeout(120_000);

async function read(url: string, ...before: string[]): Promise<readonly GatewayObject[]> {
  const database = openDatabase({ url, poolSize: 1 });
  try {
    return await database.transact(async (tx) => {
      for (const sql of before) await tx.query(sql);
      return readGateway(tx);
    });
  } finally {
    await database.close();
  }
}

t.test(
  "OPEN-10 the gateway has one digest wherever it was rolled out, and whoever's settings it is read with",
  async (t) => {
    const first = await useUnits(t);
    const second = await useUnits(t, { copied: false });
    // Other oids, and another order of them.
    await second.query("CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.a (id serial PRIMARY KEY)");
    for (const target of [first, second]) {
      await installPlan(target, "lifecycle-enactment.yaml");
      await installPlan(target, "lifecycle-backlog.yaml");
    }
    const objects = await read(first.url);
    t.same(compare(objects, await read(second.url)), []);
    t.equal(gatewayDigest(await read(second.url)), gatewayDigest(objects));
    const names = objects.map(({ object }) => object);
    t.strictSame(names, [...new Set(names)].sort(), "each once, in one order");
    const elsewhere = await read(
      first.url,
      "SET LOCAL search_path = public, cutter_governance",
      "SET LOCAL quote_all_identifiers = on",
      "SET LOCAL TimeZone = 'Asia/Ho_Chi_Minh'",
      "SET LOCAL DateStyle = 'German'",
      "SET LOCAL bytea_output = 'escape'",
    );
    t.equal(gatewayDigest(elsewhere), gatewayDigest(objects));
  },
);

t.test(
  "OPEN-10 reading it touches no unit, changes nothing of its transaction, and needs no right to write",
  async (t) => {
    const target = await useUnits(t);
    await installPlan(target, "lifecycle-enactment.yaml");
    const database = openDatabase({ url: target.url, poolSize: 1 });
    t.teardown(() => database.close());
    await database.transact(
      async (tx) => {
        await tx.query("SET LOCAL search_path = public");
        await readGateway(tx);
        const { rows } = await tx.query(
          `SELECT current_setting('search_path') AS path, current_setting('row_security') AS security,
                (SELECT sum(pg_stat_get_xact_numscans(c.oid) + coalesce((SELECT sum(pg_stat_get_xact_numscans(i.indexrelid)) FROM pg_index i WHERE i.indrelid = c.oid), 0))::int
                   FROM pg_class c WHERE c.relname IN ('information_unit', 'unit_version', 'iu_lifecycle_log', 'review_decision')) AS scans`,
        );
        t.strictSame(rows, [{ path: "public", security: "on", scans: 0 }]);
      },
      { readOnly: true },
    );
    const whole = await read(target.url);
    const stranger = await read(await roleUrl(t, target, "cutter_exec"));
    t.same(
      compare(whole, stranger).filter(({ object }) => !object.startsWith("membership of ")),
      [],
      "whoever may read the configuration reads the same",
    );
    await target.query("REVOKE SELECT ON public.dot_config FROM cutter_exec");
    const blind = await read(await roleUrl(t, target, "cutter_exec"));
    t.strictSame(
      compare(whole, blind).map(({ object, aspect }) => [object, aspect]),
      [
        ["relation public.dot_config", "privileges"],
        ["rows of public.dot_config", "object"],
      ],
    );
  },
);

t.test("OPEN-10 enacting units is no change of the gateway; a database without one has the rest", async (t) => {
  const target = await useUnits(t);
  await installPlan(target, "lifecycle-enactment.yaml");
  const before = gatewayDigest(await read(target.url));
  await target.query(
    `SELECT cutter_governance.fn_record_review_decision('11111111-1111-4111-8111-111111111111', 'enactment', 'approve', '{ICX-CONST/*}', 'Enact.', NULL, 'council', now())`,
  );
  const [answer] = await target.query<{ status: string }>(
    `SELECT public.fn_iu_enact('ICX-CONST/DIEU-0', 'tester', '11111111-1111-4111-8111-111111111111', 'enacted', NULL, NULL, NULL, false) ->> 'status' AS status`,
  );
  t.equal(answer?.status, "enacted");
  await target.query("VACUUM ANALYZE");
  t.equal(gatewayDigest(await read(target.url)), before);

  const bare = await read((await useTarget(t)).url);
  t.strictSame(
    bare.map(({ object }) => object).filter((name) => /information_unit|fn_|dot_config/.test(name)),
    [],
  );
  t.ok(bare.some(({ object }) => object === "schema public"));
});

t.test(
  "OPEN-10 a difference is the same sighting each time, and what goes with a lost object is not named beside it",
  (t) => {
    const table = { object: "relation a", of: null, aspects: { owner: "x", kind: "table" } };
    const trigger = { object: "trigger a.b", of: "relation a", aspects: { fires: "always" } };
    const called = { object: "function f()", of: "trigger a.b", aspects: { owner: "x" } };
    t.same(compare([table, trigger], [trigger, table]), []);
    const [one, ...others] = compare([table], [{ ...table, aspects: { kind: "table", owner: "y" } }]);
    t.match(one, { object: "relation a", aspect: "owner", expected: "x", found: "y" });
    t.same(others, []);
    const again = compare([table], [{ ...table, aspects: { kind: "table", owner: "y" } }]);
    t.equal(again[0]?.sighting, one?.sighting);
    const other = compare([table], [{ ...table, aspects: { kind: "table", owner: "z" } }]);
    t.not(other[0]?.sighting, one?.sighting);
    t.match(compare([table, trigger, called], []), [{ object: "relation a", aspect: "object", found: null }]);
    t.match(compare([table], [table, trigger, called]), [{ object: "trigger a.b", expected: null }]);
    t.end();
  },
);
