import t from "tap";
import { noBrowser, startBrowser } from "../support/browser.ts";
import { detachedJws, usableKey } from "../support/commit.ts";
import { expectStatus } from "../support/flow.ts";
import { approve, planFile, register, rehearse, act, setPlace, wholeAct } from "../support/plans.ts";
import { planText, sqlStep } from "../acceptance/plans/small-plan.ts";
import { everyLook } from "./support/looks.ts";

const counted = { name: "rows", sql: "SELECT count(*) FROM app.things", expect: { plus: 2 } };

const none = { name: "no rows", sql: "SELECT count(*) FROM app.things", expect: { equals: 0 } };

const steps = [
  sqlStep(0, {
    name: "Two things",
    title: "Add two things",
    sql: "INSERT INTO app.things (name) VALUES ('<img src=x onerror=alert(1)>'), ('second')",
    allowed: { rows: { "app.things": { insert: 2 } } },
    evidence: [counted],
    rollback: {
      mode: "revert",
      sql: "DELETE FROM app.things",
      rows: { "app.things": { delete: 2 } },
      evidence: [none],
    },
    handoff: "Hand over to the <b>next</b>.",
  }),
  sqlStep(1, { name: "Signed", sql: "SELECT 1", signed: true, after: [0] }),
];

t.setTimeout(280_000);
if (noBrowser !== undefined) t.plan(0, noBrowser);
else await suite(t);

async function suite(all: typeof t): Promise<void> {
  const fixture =
    "CREATE SCHEMA app; CREATE TABLE app.things (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)";
  const { service } = await setPlace(all, { fixture });
  const browser = await startBrowser(all);
  const plan = await register(service, planText(steps));
  const path = `/plans/${plan.plan_id}/${plan.revision}`;
  await wholeAct(service, plan, 0);

  await all.test("PLAN-5: a revision shows each step's SQL, and a commit beside its rehearsal", async (t) => {
    const { page, faults } = await browser.visit(service, { as: "auditor", path: "/plans" });
    await page.locator("tbody a").click();
    await page.waitForURL(new RegExp(`${path}$`));
    await page.locator("#step-0").waitFor();
    t.match(await page.locator("#step-0 summary").first().innerText(), /Two things.*Committed/s);
    await page.locator("#step-0 > summary").click();
    t.match(await page.locator("#step-0 pre.sql").first().innerText(), /VALUES \('<img src=x onerror=alert\(1\)>'\)/);
    t.match(await page.locator("#step-0").innerText(), /Hand over to the <b>next<\/b>/);
    const committed = page.locator(".line[data-outcome=committed]");
    await committed.locator("summary").first().click();
    t.match(await committed.innerText(), /changed exactly what its rehearsal had changed/);
    t.match(await committed.locator("tr.both").first().innerText(), /app\.things\s+\+2 ~0 −0/);
    t.equal(await committed.locator("tr.commit, tr.rehearsal").count(), 0);
    t.same(faults, []);
  });

  await all.test("PLAN-2: a record of a plan is signed from the page of the plan", async (t) => {
    const key = await usableKey(service);
    const { run } = await rehearse(service, plan, 1);
    t.equal(run.status, "succeeded");
    const code = await approve(service, plan, 1, run.rehearsal?.rehearsal_ref);
    const { page, faults } = await browser.visit(service, { as: "sovereign", path });
    const row = page.locator("cs-plan-records tbody tr", { hasText: code });
    await row.getByRole("button", { name: "Sign" }).click();
    await page.locator(".signing .payload").waitFor();
    t.equal(await page.locator(".signing .checks .bad").count(), 0);
    const { text } = await expectStatus(
      service.call("GET", `/v1/proposal-approvals/${code}/signing-payload`, { as: "sovereign" }),
      200,
    );
    t.equal(await page.locator(".signing .payload").innerText(), text);
    await page.getByLabel("Detached JWS").fill(detachedJws(key, text));
    await page.getByRole("button", { name: "Hand in the signature" }).click();
    await row.getByText("Active").waitFor();
    const done = await act(service, plan, 1, "commit", code);
    t.equal(done.run.status, "succeeded");
    t.same(faults, []);
  });

  await all.test("OPEN-8: plans in every look have nothing that axe finds", async (t) => {
    await everyLook(t, browser, service, { as: "sovereign", path: "/plans" });
    await everyLook(t, browser, service, { as: "sovereign", path });
    const view = await browser.visit(service, { as: "auditor", path, theme: "dark", width: 360 });
    const { page } = view;
    for (const summary of await page.locator("summary").all()) if (await summary.isVisible()) await summary.click();
    t.same(await view.axe(), []);
    t.notOk(await view.overflows());
  });

  await all.test("PLAN-8: the plan of phase 1 is shown as it is shipped", async (t) => {
    const place = await setPlace(t, { fixture: await planFile("fixtures/phase-1.sql") });
    const shipped = await register(place.service, await planFile("phase-1.yaml"));
    const phase = `/plans/${shipped.plan_id}/${shipped.revision}`;
    const view = await browser.visit(place.service, { as: "auditor", path: phase });
    const { page, faults } = view;
    t.equal(await page.locator("details.step").count(), 8);
    t.match(await page.locator("#step-1 pre.sql").first().textContent(), /governance_ruleset/);
    t.notOk(await view.overflows());
    await view.picture("console-plan");
    t.same(faults, []);
  });
}
