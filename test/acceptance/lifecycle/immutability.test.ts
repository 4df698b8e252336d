import pg from "pg";
import t from "tap";
import { enacting, setScene, unitOf } from "./scene.ts";

t.setTimeout(60_000);

/** As a superuser in a transaction that is rolled back, without the trigger of the gateway: the next one stands behind it. */
async function pastTheGateway(superUrl: string, marker: string, statement: string): Promise<string> {
  const client = new pg.Client({ connectionString: superUrl });
  await client.connect();
  try {
    await client.query(`BEGIN; ALTER TABLE information_unit DISABLE TRIGGER trg_aa_iu_gateway_write_guard;
      ALTER TABLE unit_version DISABLE TRIGGER trg_aa_uv_gateway_write_guard; SET LOCAL session_replication_role = replica`);
    await client.query("SELECT set_config('app.canonical_writer', $1, true)", [marker]);
    await client.query(statement);
    return "";
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return `${error.code} ${error.message.slice(0, 20)}`;
  } finally {
    await client.end();
  }
}

const markers = [
  "",
  "fn_iu_create",
  "fn_iu_apply_edit_draft",
  "fn_iu_enact",
  "fn_iu_supersede",
  "fn_iu_retire",
  "fn_iu_amend_identity_profile",
];

/** Which markers the state of an enacted row lets an UPDATE through under, column by column. */
const free: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  information_unit: {
    title: ["fn_iu_supersede"],
    version_anchor_ref: ["fn_iu_supersede"],
    identity_profile: ["fn_iu_amend_identity_profile"],
  },
  unit_version: {},
};

t.test("LIFE-2 what is enacted is immutable, past the gateway and in replica mode too", async (t) => {
  const scene = await setScene(t);
  const { target } = scene;
  const enactment = await scene.decide("enactment", ["DIEU-44/*"]);
  const address = "DIEU-44/KHOAN-1";
  const { uv_id, iu_id } = await scene.call("fn_iu_enact", [...enacting(address, enactment), false]);
  const refusal = "23001 IU Enacted immutable";
  // What the state of the row would let through is a canonical function's to do all the same: a replication worker comes
  // past every statement trigger, with whatever marker its role has.
  const door = "42501 IU Gateway blocked: ";
  for (const marker of markers) {
    const draft = "WHERE canonical_address = 'ICX-CONST/DIEU-8'";
    for (const statement of [
      `UPDATE information_unit SET title = 'another' ${draft}`,
      `DELETE FROM information_unit ${draft}`,
      `UPDATE unit_version SET title = 'another' WHERE unit_id = (SELECT id FROM information_unit ${draft})`,
      "INSERT INTO information_unit (id, canonical_address) VALUES (gen_random_uuid(), 'A/B')",
    ])
      t.equal(await pastTheGateway(target.superUrl, marker, statement), door, `${statement} under ${marker}`);
  }
  const others: Record<string, string> = {
    id: "gen_random_uuid()",
    unit_id: "gen_random_uuid()",
    canonical_address: "'A/B'",
    title: "'another'",
    unit_kind: "'another'",
    version_anchor_ref: "gen_random_uuid()",
    identity_profile: "'{\"a\": 1}'",
    _dot_origin: "'another'",
    version_seq: "99",
    body: "'another'",
    content_digest: "'another'",
    enacted_at: "now() - interval '1 day'",
    created_at: "now()",
  };
  for (const [table, id] of [
    ["information_unit", iu_id],
    ["unit_version", uv_id],
  ] as const) {
    const columns = await target.query<{ name: string }>(
      "SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND attname NOT IN ('lifecycle_status', 'updated_at')",
      [table],
    );
    for (const { name } of columns) {
      for (const marker of markers) {
        const passes = free[table]?.[name]?.includes(marker) === true;
        const said = await pastTheGateway(
          target.superUrl,
          marker,
          `UPDATE ${table} SET ${name} = ${others[name]} WHERE id = '${id}'`,
        );
        t.equal(said, passes ? door : refusal, `${table}.${name} under the marker ${marker}`);
      }
    }
    for (const marker of markers) {
      t.equal(
        await pastTheGateway(target.superUrl, marker, `DELETE FROM ${table} WHERE id = '${id}'`),
        refusal,
        `a deletion under ${marker}`,
      );
      for (const status of ["draft", "superseded", "retired"]) {
        const passes =
          (marker === "fn_iu_retire" && status === "retired") ||
          (marker === "fn_iu_supersede" && status === "superseded" && table === "unit_version");
        const said = await pastTheGateway(
          target.superUrl,
          marker,
          `UPDATE ${table} SET lifecycle_status = '${status}' WHERE id = '${id}'`,
        );
        t.equal(said, passes ? door : refusal, `${table} from enacted to ${status} under ${marker}`);
      }
    }
  }
  for (const status of ["enacted", "superseded", "retired"]) {
    const born = `INSERT INTO information_unit (id, canonical_address, lifecycle_status) VALUES (gen_random_uuid(), 'A/B', '${status}')`;
    t.equal(await pastTheGateway(target.superUrl, "fn_iu_enact", born), refusal, `nothing is born ${status}`);
  }
  const unknown = "UPDATE information_unit SET lifecycle_status = 'final' WHERE canonical_address = 'ICX-CONST/DIEU-9'";
  for (const marker of markers)
    t.equal(await pastTheGateway(target.superUrl, marker, unknown), refusal, `a word of nobody's under ${marker}`);
  const before = await unitOf(scene, address);
  const edited = await scene.call("fn_iu_apply_edit_draft", [address, "Another title", "Another text.", "an editor"]);
  t.equal(edited.status, "draft_added", "an edit goes beside what is enacted");
  t.same(await unitOf(scene, address), before);
});
