import t from "tap";
import { noBrowser, startBrowser } from "../support/browser.ts";
import { consume, mintGrant } from "../support/flow.ts";
import { startService } from "../support/service.ts";
import { everyLook } from "./support/looks.ts";

t.setTimeout(280_000);
if (noBrowser !== undefined) t.plan(0, noBrowser);
else await suite(t);

async function suite(all: typeof t): Promise<void> {
  const service = await startService(all);
  const browser = await startBrowser(all);

  await all.test("GRANT-9: an emergency stop is placed with its reason, holds, and is lifted", async (t) => {
    const grant = await mintGrant(service);
    const { page, faults } = await browser.visit(service, { as: "operator", path: "/holds" });
    await page.getByRole("button", { name: "Place an emergency stop…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Environment").fill("rehearsal");
    await dialog.getByLabel("Reason").fill("Storage is being moved.");
    await dialog.getByRole("button", { name: "Place an emergency stop" }).click();
    const row = page.locator("tbody tr", { hasText: "Storage is being moved." });
    await row.getByText("In force").waitFor();
    t.match(await row.innerText(), /rehearsal.*operator/s);
    t.match((await consume(service, grant, "held")).body, { code: "REGISTRATION_HOLD" });
    await row.getByRole("button", { name: "Lift the stop…" }).click();
    await dialog.getByLabel("Reason").fill("It is moved.");
    await dialog.getByRole("button", { name: "Lift the stop" }).click();
    await row.getByText("It is moved.").waitFor();
    t.equal((await consume(service, grant, "free")).status, 200);
    t.same(faults, []);
  });

  await all.test("GRANT-9: who may only look is offered nothing, and who may not look is told", async (t) => {
    const auditor = await browser.visit(service, { as: "auditor", path: "/holds" });
    await auditor.page.locator("tbody tr").first().waitFor();
    t.equal(await auditor.page.getByRole("button", { name: /stop…/ }).count(), 0);
    const requester = await browser.visit(service, { as: "requester", path: "/holds" });
    t.match(await requester.page.locator(".note").innerText(), /shown to operators/);
    t.same([...auditor.faults, ...requester.faults], []);
  });

  await all.test("OPEN-8: emergency stops in every look have nothing that axe finds", async (t) => {
    await everyLook(t, browser, service, { as: "operator", path: "/holds" });
    const view = await browser.visit(service, { as: "operator", path: "/holds", theme: "dark", width: 360 });
    const { page } = view;
    await page.getByRole("button", { name: "Place an emergency stop…" }).click();
    await page.getByRole("dialog").waitFor();
    t.same(await view.axe(), []);
  });
}
