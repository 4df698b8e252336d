import t from "tap";
import { noBrowser, startBrowser } from "../support/browser.ts";
import { compactJws, makeKey } from "../support/commit.ts";
import { startService } from "../support/service.ts";
import { everyLook } from "./support/looks.ts";

t.setTimeout(280_000);
if (noBrowser !== undefined) t.plan(0, noBrowser);
else await suite(t);

async function suite(all: typeof t): Promise<void> {
  const service = await startService(all);
  const browser = await startBrowser(all);
  const key = makeKey("ES256", "sovereign-card");

  await all.test(
    "ESIGN-4: a key is registered by a proof that was made elsewhere, confirmed and revoked",
    async (t) => {
      const { page, faults } = await browser.visit(service, { as: "sovereign", path: "/keys" });
      await page.locator("details.register > summary").click();
      t.match(await page.locator("#new-passkey").locator("..").innerText(), /opened by an address.*localhost/s);
      await page.getByLabel("Name of the key").fill(key.kid);
      const payload = await page.locator(".register pre").innerText();
      t.same(JSON.parse(payload), { kid: key.kid, principal: "sovereign", purpose: "register-signing-key" });
      await page.getByLabel("Public key as JWK").fill("{ no json");
      await page.getByLabel("Proof").fill(compactJws(key, payload));
      await page.getByRole("button", { name: "Register", exact: true }).click();
      await page.locator(".register .note.bad").waitFor();
      await page.getByLabel("Public key as JWK").fill(JSON.stringify(key.jwk));
      await page.getByLabel("Proof").fill(compactJws(makeKey("ES256", key.kid), payload));
      await page.getByRole("button", { name: "Register", exact: true }).click();
      await page.locator(".register .problem", { hasText: "ESIGN_INVALID" }).waitFor();
      await page.getByLabel("Proof").fill(compactJws(key, payload));
      await page.getByRole("button", { name: "Register", exact: true }).click();
      const row = page.locator("tbody tr", { hasText: key.kid });
      await row.getByText("Pending").waitFor();

      const council = await browser.visit(service, { as: "council_2", path: "/keys?status=pending" });
      const pending = council.page.locator("tbody tr", { hasText: key.kid });
      await pending.getByRole("button", { name: "Confirm the key…" }).click();
      t.match(await council.page.getByRole("dialog").innerText(), /told you this thumbprint on another way/);
      await council.page.getByRole("dialog").getByRole("button", { name: "Confirm the key" }).click();
      await council.page.locator(".empty").waitFor();

      await page.reload();
      await row.getByText("Active").waitFor();
      await row.getByRole("button", { name: "Revoke…" }).click();
      await page.getByRole("dialog").getByLabel("Reason").fill("The card was lost.");
      await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
      await row.getByText("The card was lost.").waitFor();
      t.match((await service.call("GET", `/v1/signing-keys/${key.kid}`, { as: "auditor" })).body, {
        status: "revoked",
      });
      t.same([...faults, ...council.faults], []);
    },
  );

  await all.test("ESIGN-4: who may not see keys is told so", async (t) => {
    const { page, faults } = await browser.visit(service, { as: "requester", path: "/keys" });
    t.match(await page.locator(".note").innerText(), /shown to sovereigns/);
    t.same(faults, []);
  });

  await all.test("OPEN-8: signing keys in every look have nothing that axe finds", async (t) => {
    await everyLook(t, browser, service, { as: "sovereign", path: "/keys" });
    const view = await browser.visit(service, { as: "sovereign", path: "/keys", theme: "dark", width: 360 });
    const { page } = view;
    await page.locator("details.register > summary").click();
    t.same(await view.axe(), []);
  });
}
