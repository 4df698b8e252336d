import t from "tap";
import { noBrowser, startBrowser } from "../support/browser.ts";
import { isSigned, startReceiver } from "../webhooks/receiver.ts";
import { placeHolds, startTelling } from "../webhooks/scene.ts";
import { everyLook } from "./support/looks.ts";

t.setTimeout(280_000);
if (noBrowser !== undefined) t.plan(0, noBrowser);
else await suite(t);

async function suite(all: typeof t): Promise<void> {
  const service = await startTelling(all, { config: { webhookAttempts: 1 } });
  const browser = await startBrowser(all);
  let fails = true;
  const receiver = await startReceiver(all, (_, response) => {
    if (fails) response.writeHead(500).end();
  });

  await all.test(
    "AUDIT-1: a webhook is made, its secret shown once, a dead letter is sent again, and it is removed",
    async (t) => {
      const { page, faults } = await browser.visit(service, { as: "admin", path: "/webhooks" });
      await page.getByText("Create a webhook").first().click();
      await page.getByLabel("Receiver").fill("http://10.1.2.3/hook");
      await page.getByRole("button", { name: "Create a webhook" }).click();
      await page.locator("cs-create-webhook .problem").waitFor();
      await page.getByLabel("Receiver").fill(receiver.url);
      await page.getByLabel("Events").fill("hold.placed, hold.lifted");
      await page.getByRole("button", { name: "Create a webhook" }).click();
      const secret = await page.locator(".secret pre").innerText();
      t.match(secret, /^whsec_/);
      await page.getByRole("button", { name: "I have kept it" }).click();
      t.notMatch(await page.content(), secret, "it is nowhere on the page any more");
      await placeHolds(service, 1);
      await receiver.until((received) => received.length === 1);
      t.ok(receiver.received.every((one) => isSigned(one, secret)));
      const row = page.locator("tbody tr", { hasText: receiver.url });
      await row.getByRole("button", { name: "Deliveries" }).click();
      await page.waitForURL(/webhook=/);
      await page.locator("cs-deliveries table").waitFor();
      const delivery = page.locator("cs-deliveries tbody tr").first();
      // The attempt is on record a moment after the receiver has answered.
      for (let looks = 0; looks < 100 && !/Given up/.test(await delivery.innerText()); looks += 1) {
        await page.reload();
        await delivery.waitFor();
      }
      t.match(await delivery.innerText(), /Given up.*500/s);
      fails = false;
      await delivery.getByRole("button", { name: "Send again" }).click();
      await receiver.until((received) => received.length === 2);
      t.equal(new Set(receiver.received.map(({ id }) => id)).size, 1, "the same message");
      await row.getByRole("button", { name: "Disable…" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
      await row.getByText("Disabled").waitFor();
      await row.getByRole("button", { name: "Rotate the secret…" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Rotate the secret" }).click();
      await page.locator(".secret pre").waitFor();
      t.not(await page.locator(".secret pre").innerText(), secret, "another one");
      await row.getByRole("button", { name: "Remove…" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
      await page.getByText("Nobody is told of anything yet.").waitFor();
      t.same(faults, []);
    },
  );

  await all.test(
    "OPEN-8: webhooks in every look have nothing that axe finds, and are for administrators",
    async (t) => {
      const body = { url: receiver.url, events: ["*"], description: "The change calendar." };
      const made = await service.call("POST", "/v1/webhooks", { as: "admin", body });
      await placeHolds(service, 2);
      await receiver.until((received) => received.length >= 4);
      await everyLook(t, browser, service, { as: "admin", path: `/webhooks?webhook=${String(made.body["id"])}` });
      const { page, faults } = await browser.visit(service, { as: "operator", path: "/webhooks" });
      t.match(await page.locator(".note").innerText(), /for administrators/);
      t.same(faults, []);
    },
  );
}
