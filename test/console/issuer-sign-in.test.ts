import t from "tap";
import { noBrowser, settled, startBrowser } from "../support/browser.ts";
import { approvalRequest, expectStatus } from "../support/flow.ts";
import { startService } from "../support/service.ts";
import { loopbackClient, startLoopbackIssuer } from "./support/loopback-issuer.ts";

t.setTimeout(200_000);
if (noBrowser !== undefined) t.plan(0, noBrowser);
else await suite(t);

async function suite(all: typeof t): Promise<void> {
  const issuer = await startLoopbackIssuer(all, { ada: ["approver"] });
  const config = { oidcIssuer: issuer, oidcAudience: "https://countersign.test", oidcClientId: loopbackClient };
  const service = await startService(all, { config });
  const browser = await startBrowser(all);
  const body = approvalRequest({ title: "To be decided by a person of the issuer" });
  await expectStatus(service.call("POST", "/v1/approval-requests", { as: "requester", body }), 201);

  await all.test("APR-8: a person signs in at the issuer, is back where their link led, and decides", async (t) => {
    const { page, faults, context } = await browser.visit(service, { path: `/requests/${body.apr_code}` });
    await page.getByRole("button", { name: "Sign in with your organisation" }).click();
    await page.waitForURL(`${issuer}/**`);
    await page.locator("input[name=login]").fill("ada");
    await page.locator("input[name=password]").fill("anything");
    await page.locator("button[type=submit]").click();
    await page.locator("input[name=prompt][value=consent]").waitFor({ state: "attached" });
    // What the issuer's own pages do is not ours.
    faults.splice(0);
    await page.locator("button[type=submit]").click();
    await page.waitForURL(`**/console/requests/${body.apr_code}`);
    await page.getByRole("heading", { name: body.title }).waitFor();
    t.match(await page.locator(".person").innerText(), /ada/);
    t.notMatch(page.url(), /code=/, "the code is not in the history");
    const own = (await context.cookies(service.url)).filter(({ name }) => name === "countersign_session");
    t.match(own, [{ name: "countersign_session", httpOnly: true, sameSite: "Strict" }]);
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("dialog").getByLabel("Reason").fill("Seen.");
    await page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
    await page.getByText("1 of 2 approvals").waitFor();
    t.same(faults, []);
  });

  await all.test("APR-8: an answer of the issuer that nobody asked for signs nobody in", async (t) => {
    for (const query of ["?code=stolen&state=made-up", "?error=access_denied&state=x", ""]) {
      const { page, faults, axe, context } = await browser.visit(service, { path: `/callback${query}` });
      await settled(page);
      await page.getByRole("heading", { name: "could not be used" }).waitFor();
      t.same(await axe(), [], query);
      await page.getByRole("link", { name: "Sign in" }).click();
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      t.same(faults, []);
      await context.close();
    }
  });
}
