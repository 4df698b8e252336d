import t, { type Test } from "tap";
import { eventually } from "../../support/data-directory.ts";
import { expectStatus } from "../../support/flow.ts";
import { roleUrl } from "../../support/lifecycle.ts";
import { ask } from "../../support/runs.ts";
import { startService } from "../../support/service.ts";
import { attempt, watchedServer } from "./detector-server.ts";

t.setTimeout(160_000);

interface Report {
  readonly opened: readonly number[];
  readonly differences: readonly { readonly object: string }[];
  readonly detector: { readonly state: string; readonly refused_since: number };
  readonly skipped: number;
}

interface Incident {
  readonly kind: string;
  readonly subject: string;
  readonly detail: { readonly operation?: string; readonly message?: string; readonly folded?: number };
}

/** A service that watches a server with a log, and a login that has no right but to connect. */
async function watchedPlace(t: Test) {
  const watched = await watchedServer(t);
  const service = await startService(t, { targets: { default: watched.url } });
  const verified = service.call("POST", "/v1/lifecycle/verification", { as: "operator", body: {} });
  const { body } = await expectStatus(verified, 200);
  const accepted = { gateway_digest: body["gateway_digest"], reason: "As it is." };
  await expectStatus(service.call("POST", "/v1/lifecycle/baselines", { as: "sovereign", body: accepted }), 201);
  const watch = async (): Promise<Report> => {
    const answer = service.call("POST", "/v1/lifecycle/watch", { as: "operator", body: {} });
    return (await expectStatus(answer, 200)).body as unknown as Report;
  };
  const incidents = async (): Promise<Incident[]> => {
    const found: Incident[] = [];
    for (let cursor = ""; ; ) {
      const answer = service.call("GET", `/v1/lifecycle/incidents?limit=200${cursor}`, { as: "auditor" });
      const page = (await expectStatus(answer, 200)).body;
      found.push(...(page["items"] as unknown as Incident[]));
      if (page["next_cursor"] === null) return found;
      cursor = `&cursor=${String(page["next_cursor"])}`;
    }
  };
  return { ...watched, nobody: await roleUrl(t, watched, "public"), watch, incidents };
}

const signature = "public.fn_iu_enact(text,text,uuid,text,uuid,text,text,boolean)";

/** Messages of our own form, as anybody may raise them, each with the name that is to take the place of an object. */
const forged: readonly string[] = [
  "(SELECT string_agg(md5(g::text), '') FROM generate_series(1, 400) AS g)",
  "repeat('x', 1000000)",
  "'public.invented'",
  "'public.information_unit_'",
  "E'\\u00e9\\U0001F4DC'",
];

t.test("OPEN-10 an error that anybody may raise neither stops the watch nor names what it likes", async (t) => {
  const { superUrl, nobody, watch, incidents } = await watchedPlace(t);
  for (const name of forged) {
    for (const form of [
      "IU Gateway blocked: direct INSERT on % by x",
      "IU Enacted immutable: % is a part of another table",
      "IU Gateway blocked: direct % on public.unit_version by x",
      "must be owner of function fn_iu_enact%",
      "iu_lifecycle_log is append-only: % refused",
    ]) {
      const raise = `DO $$ BEGIN RAISE EXCEPTION '${form}', ${name} USING ERRCODE = '42501'; END $$`;
      t.equal(await attempt(nobody, raise), "42501");
    }
  }
  await ask(superUrl, `GRANT EXECUTE ON FUNCTION ${signature} TO PUBLIC`);
  const first = await watch();
  t.equal(first.detector.state, "reading");
  t.match(first.differences, [{ object: /fn_iu_enact/ }]);
  t.ok(
    (await incidents()).some(({ kind }) => kind === "gateway_changed"),
    "the tampering is told at once",
  );

  // The server writes its log a little later than it refuses.
  t.equal(await attempt(nobody, "DELETE FROM public.information_unit"), "42501");
  await eventually(async () => {
    await watch();
    return (await incidents()).some(({ detail }) => detail.operation === "DELETE");
  });
  const found = (await incidents()).filter(({ kind }) => kind === "direct_write_refused");
  const objects = new Set(found.map(({ subject }) => subject));
  t.strictSame([...objects].toSorted(), ["public.fn_iu_enact", "public.information_unit"]);
  t.ok(found.every(({ detail }) => /^[A-Z]{3,10}$/.test(detail.operation ?? "")));
  t.ok(JSON.stringify(found).length < 30_000);
});

t.test("OPEN-10 a flood of refusals is folded, and the next tampering is told beside it", async (t) => {
  const { superUrl, nobody, watch, incidents } = await watchedPlace(t);
  const refusals = Array.from({ length: 20 }, async () => {
    for (let n = 0; n < 15; n += 1) await attempt(nobody, "DELETE FROM public.unit_version");
  });
  await Promise.all(refusals);
  // Nothing is read before all of it is there: in one look.
  await eventually(async () => {
    const [row] = await ask<{ n: string }>(
      superUrl,
      "SELECT count(*) AS n FROM public.fn_iu_refused_writes(NULL, 0) WHERE object = 'public.unit_version'",
    );
    return Number(row?.n) === 300;
  });
  await ask(superUrl, `GRANT EXECUTE ON FUNCTION ${signature} TO PUBLIC`);
  const report = await watch();
  t.equal(report.opened.length, 1 + 200 + 1);
  t.equal(report.skipped, 0);
  t.equal(report.detector.refused_since >= 300, true);
  const found = await incidents();
  t.ok(found.some(({ subject }) => /^\d+ more$/.test(subject)));
  const again = await watch();
  t.same(again.opened, []);
});
