import t from "tap";
import { noBrowser, startBrowser } from "../support/browser.ts";
import { expectStatus } from "../support/flow.ts";
import { installPlan, useUnits } from "../support/lifecycle.ts";
import { useTarget } from "../support/runs.ts";
import { startService } from "../support/service.ts";
import { everyLook } from "./support/looks.ts";

const disable = "ALTER TABLE public.information_unit DISABLE TRIGGER trg_aa_iu_gateway_write_guard";

t.setTimeout(280_000);
if (noBrowser !== undefined) t.plan(0, noBrowser);
else await suite(t);

async function suite(all: typeof t): Promise<void> {
  const target = await useUnits(all);
  const service = await startService(all, { targets: { default: target.url } });
  const bare = await startService(all, { targets: { default: (await useTarget(all)).url } });
  const browser = await startBrowser(all);

  await all.test("operations: a target without the gateway says so", async (t) => {
    const { page, faults } = await browser.visit(bare, { as: "operator", path: "/lifecycle" });
    t.match(await page.locator(".problem").innerText(), /GATEWAY_NOT_INSTALLED/);
    t.same(
      faults.filter((fault) => !/status of 503/.test(fault)),
      [],
    );
  });

  await all.test("LIFE-5: units are listed, and the gateway is verified from the page", async (t) => {
    await installPlan(target, "lifecycle-enactment.yaml");
    const view = await browser.visit(service, { as: "operator", path: "/lifecycle" });
    const { page, faults } = view;
    await page.locator("tbody tr").first().waitFor();
    t.match(await page.locator("tbody tr").first().innerText(), /DIEU-\d+.*Điều/s);
    await page.getByRole("link", { name: "Verification" }).click();
    await page.getByRole("button", { name: "Verify now" }).click();
    await page.locator("h2", { hasText: "Report" }).waitFor();
    t.ok((await page.locator(".probes li").count()) > 20);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save as a page" }).click(),
    ]);
    t.equal(download.suggestedFilename(), "verification.html");
    await view.picture("console-verification");
    const auditor = await browser.visit(service, { as: "requester", path: "/lifecycle?view=verification" });
    t.match(await auditor.page.locator(".note").innerText(), /for operators and auditors/);
    t.same([...faults, ...auditor.faults], []);
  });

  await all.test("OPEN-10: an incident is shown, and resolved with what was done about it", async (t) => {
    const watch = () => expectStatus(service.call("POST", "/v1/lifecycle/watch", { as: "operator", body: {} }), 200);
    const { gateway_digest } = (await watch()).body;
    const body = { gateway_digest, reason: "As rolled out." };
    await expectStatus(service.call("POST", "/v1/lifecycle/baselines", { as: "sovereign", body }), 201);
    await target.query(disable);
    await watch();
    const { page, faults } = await browser.visit(service, { as: "operator", path: "/lifecycle?view=incidents" });
    const row = page.locator("tbody tr", { hasText: "trg_aa_iu_gateway_write_guard" });
    t.match(await row.innerText(), /The gateway was changed/);
    await row.getByRole("button", { name: "Resolve…" }).click();
    await page.getByRole("dialog").getByLabel("Reason").fill("An exercise; it is enabled again.");
    await page.getByRole("dialog").getByRole("button", { name: "Resolve" }).click();
    await row.getByText("An exercise; it is enabled again.").waitFor();
    t.same(faults, []);
  });

  await all.test("OPEN-8: the lifecycle in every look has nothing that axe finds", async (t) => {
    for (const view of ["units", "log", "incidents", "verification"]) {
      await everyLook(t, browser, service, { as: "operator", path: `/lifecycle?view=${view}` });
    }
  });
}
