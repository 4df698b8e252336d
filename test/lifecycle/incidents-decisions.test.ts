import t from "tap";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { lookAt, recordLook, resolveIncident, watchTarget } from "../../src/lifecycle/index.ts";
import { type Accepted, acceptedGateway, decideBoth } from "./incidents-scene.ts";

t.setTimeout(120_000);

const caller = serviceCaller("test");
const forged = "00000000-0000-4000-8000-0000000000f1";

function enact({ target }: Accepted, unit: number, decision: string | null): Promise<{ status: string }[]> {
  return target.query<{ status: string }>(
    "SELECT public.fn_iu_enact($1, 'me', $2, 'enacted', NULL, NULL, NULL, false) ->> 'status' AS status",
    [`ICX-CONST/DIEU-${unit}`, decision],
  );
}

function record({ target }: Accepted, id: string, kind: string): Promise<unknown> {
  return target.query(
    "SELECT cutter_governance.fn_record_review_decision($1, $2, 'approve', '{ICX-CONST/*}', 'forged', NULL, 'council', now())",
    [id, kind],
  );
}

/** Opens what is to be opened. @returns the kinds, subjects and problems of the incidents that were new */
async function watched(at: Accepted): Promise<{ subject: unknown; problem: string }[]> {
  const known = (await at.incidents()).length;
  await watchTarget(at.control, at.opened, "default", caller);
  return (await at.incidents()).slice(known).map(({ subject, detail }) => ({
    subject,
    problem: (detail as { problem: string }).problem,
  }));
}

t.test(
  "LIFE-6 an enactment by a decision that the council never made is an incident, each time it is used",
  async (t) => {
    const at = await acceptedGateway(t);
    const real = await decideBoth(at, "enactment", ["ICX-CONST/*"]);
    t.same(await enact(at, 1, real), [{ status: "enacted" }]);
    t.same(await watched(at), []);
    await record(at, forged, "enactment");
    t.same(await watched(at), [], "nothing rests on it yet");
    t.same(await enact(at, 2, forged), [{ status: "enacted" }]);
    t.match(await watched(at), [{ subject: `decision ${forged}`, problem: /the council has no such decision/ }]);
    t.same(await watched(at), []);
    await at.control.transact((tx) =>
      resolveIncident(tx, { ...caller, principal: "operator" }, "1", "Seen, and reported."),
    );
    t.same(await watched(at), [], "once for ever: the log keeps it");
    t.same(await enact(at, 3, forged), [{ status: "enacted" }]);
    t.equal((await watched(at)).length, 1, "and used again it is another");
  },
);

t.test("LIFE-6 a decision that the target has otherwise, or that is of another database, is an incident", async (t) => {
  const at = await acceptedGateway(t);
  const decision = await decideBoth(at, "enactment", ["ICX-CONST/DIEU-1"]);
  await enact(at, 1, decision);
  t.same(await watched(at), []);
  await at.target.query(
    "UPDATE cutter_governance.review_decision SET subjects = '{ICX-CONST/*}', decided_at = 'infinity' WHERE id = $1",
    [decision],
  );
  t.match(await watched(at), [{ subject: `decision ${decision}`, problem: /the target has it otherwise/ }]);
  const other = await decideBoth(at, "enactment", ["ICX-CONST/*"], "elsewhere");
  await enact(at, 2, other);
  t.match(await watched(at), [{ subject: `decision ${other}`, problem: /made for the database elsewhere/ }]);
});

t.test("OPEN-10 a line that names no decision, or none that lets it through, contradicts", async (t) => {
  const at = await acceptedGateway(t);
  const decision = await decideBoth(at, "enactment", ["ICX-CONST/*"]);
  for (const unit of [1, 2, 3, 4, 5]) await enact(at, unit, decision);
  await at.target.query("UPDATE public.dot_config SET value = 'true' WHERE key = 'iu_enact.allow_no_review_decision'");
  t.same(await enact(at, 6, null), [{ status: "enacted" }]);
  const look = await lookAt(at.control, at.opened, "default");
  t.equal(look.units.contradictions, 0, "allowed by the configuration");
  await at.target.query("UPDATE public.dot_config SET value = 'false' WHERE key = 'iu_enact.allow_no_review_decision'");
  const retirement = await decideBoth(at, "retirement", ["ICX-CONST/*"]);
  const elsewhere = await decideBoth(at, "enactment", ["ICX-CONST/DIEU-1", "DIEU-44/*"]);
  const rejected = await decideBoth(at, "enactment", ["ICX-CONST/*"], "default", "reject");
  await at.target.query("ALTER TABLE public.iu_lifecycle_log DISABLE TRIGGER USER");
  const swaps: readonly (readonly [number, string | null])[] = [
    [1, elsewhere],
    [2, elsewhere],
    [3, retirement],
    [4, rejected],
    [5, forged],
  ];
  for (const [unit, id] of swaps)
    await at.target.query("UPDATE public.iu_lifecycle_log SET review_decision_id = $2 WHERE canonical_address = $1", [
      `ICX-CONST/DIEU-${unit}`,
      id,
    ]);
  const tampered = await lookAt(at.control, at.opened, "default");
  await at.control.transact((tx) => recordLook(tx, caller, tampered));
  const told = (await at.incidents())
    .filter(({ kind }) => kind === "log_contradicted")
    .map(({ subject, detail }) => [subject, (detail as { problem: string }).problem]);
  t.match(told, [
    ["ICX-CONST/DIEU-2", /which is about other addresses$/],
    ["ICX-CONST/DIEU-3", /which is one of retirement$/],
    ["ICX-CONST/DIEU-4", /which is no approval$/],
    ["ICX-CONST/DIEU-5", /which is not there$/],
    ["ICX-CONST/DIEU-6", /names no decision$/],
  ]);
  t.equal(told.length, 5);
});
