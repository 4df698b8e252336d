import type { CDPSession, Page } from "playwright-core";
import t from "tap";
import { noBrowser, startBrowser, type TestBrowser } from "../support/browser.ts";
import { type Person, type Service, serviceAt, startService } from "../support/service.ts";
import { draftFor } from "./support/drafts.ts";

t.setTimeout(280_000);
if (noBrowser !== undefined) t.plan(0, noBrowser);
else await suite(t);

/** The service by the name that passkeys are bound to: an address is no relying party. */
async function namedService(all: typeof t): Promise<Service> {
  const service = await startService(all);
  return serviceAt(service.url.replace("127.0.0.1", "localhost"), service.tokens);
}

async function suite(all: typeof t): Promise<void> {
  const service = await namedService(all);
  const browser = await startBrowser(all);

  await all.test("ESIGN-2: a passkey is made, proved, confirmed by the council, and signs a draft", async (t) => {
    const view = await browser.visit(service, { as: "sovereign", path: "/keys" });
    const { page, faults } = view;
    const authenticator = await plugIn(page);
    await register(page, "sovereign-laptop");
    await page.locator("tbody tr", { hasText: "sovereign-laptop" }).getByText("Pending").waitFor();
    t.equal((await authenticator.credentials()).length, 1);
    const code = await draftFor(service, "PASSKEY");
    await page.goto(`${service.url}/console/grants/${code}`);
    await page.getByText("You have no confirmed passkey.").waitFor();
    await confirm(browser, service, "sovereign-laptop");
    await page.reload();
    await page.getByRole("button", { name: "Sign with a passkey" }).waitFor();
    await view.picture("console-sign");
    await page.getByRole("button", { name: "Sign with a passkey" }).click();
    await page.locator(".page-head .badge", { hasText: "Active" }).waitFor();
    const { body } = await service.call("GET", `/v1/grants/${code}`, { as: "auditor" });
    t.match(body, { status: "active", signature: { signer: "sovereign", kid: "sovereign-laptop" } });
    t.match(await page.locator("#signature + dl").innerText(), /sovereign-laptop/);
    t.same(faults, []);
  });

  await all.test("ESIGN-2: what the authenticator refuses is said, and nothing is signed", async (t) => {
    const { page, faults } = await browser.visit(service, { as: "sovereign", path: "/keys" });
    const authenticator = await plugIn(page);
    await authenticator.verifies(false);
    await page.locator("details.register > summary").click();
    await page.getByLabel("Name of the key").fill("not-verified");
    await page.getByRole("button", { name: "Make a passkey" }).click();
    await page.locator(".register .note.bad").waitFor();
    t.match(await page.locator(".register .note.bad").innerText(), /Nothing was signed/);
    const { body } = await service.call("GET", "/v1/signing-keys", { as: "auditor" });
    t.notMatch(JSON.stringify(body), /not-verified/);
    await authenticator.verifies(true);
    await page.getByRole("button", { name: /Make a passkey|Prove the passkey/ }).click();
    await page.locator("tbody tr", { hasText: "not-verified" }).waitFor();
    t.same(faults, []);
  });
}

async function register(page: Page, kid: string): Promise<void> {
  await page.locator("details.register > summary").click();
  await page.getByLabel("Name of the key").fill(kid);
  await page.getByRole("button", { name: "Make a passkey" }).click();
  await page.locator("tbody tr", { hasText: kid }).waitFor();
}

async function confirm(browser: TestBrowser, service: Service, kid: string, as: Person = "council_1"): Promise<void> {
  const { page, context } = await browser.visit(service, { as, path: "/keys" });
  const row = page.locator("tbody tr", { hasText: kid });
  await row.getByRole("button", { name: "Confirm the key…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Confirm the key" }).click();
  await row.getByText("Active").waitFor();
  await context.close();
}

interface Authenticator {
  credentials(): Promise<unknown[]>;
  verifies(isUserVerified: boolean): Promise<void>;
}

/** An authenticator of the browser's own, with a person who touches it at once. */
async function plugIn(page: Page): Promise<Authenticator> {
  const cdp: CDPSession = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    credentials: async () => (await cdp.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
    verifies: (isUserVerified) =>
      cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }).then(() => undefined),
  };
}
