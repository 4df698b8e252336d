import t, { type Test } from "tap";
import { noBrowser, settled, startBrowser, type Visit } from "../support/browser.ts";
import { detachedJws, payloadOf, usableKey } from "../support/commit.ts";
import { approvalRequest, consume, expectStatus, mintGrant } from "../support/flow.ts";
import { type Person, type Service, startService } from "../support/service.ts";
import { draftFor } from "./support/drafts.ts";
import { everyLook } from "./support/looks.ts";

t.setTimeout(280_000);
if (noBrowser !== undefined) t.plan(0, noBrowser);
else await suite(t);

async function suite(all: typeof t): Promise<void> {
  const service = await startService(all);
  const browser = await startBrowser(all);
  const visit = (as: Person, path: string, options = {}) => browser.visit(service, { as, path, ...options });
  const status = async (code: string) =>
    (await service.call("GET", `/v1/grants/${code}`, { as: "auditor" })).body as unknown as Record<string, unknown>;

  await all.test(
    "GRANT-5: a grant is revoked from its page, once the dry run was seen and a reason given",
    async (t) => {
      const code = await mintGrant(service, rehearsalIn("rehearsal-revoked"));
      const { page, faults } = await visit("operator", `/grants/${code}`);
      await page.getByRole("button", { name: "Revoke…" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.locator(".change").waitFor();
      t.match(await dialog.locator(".preview").innerText(), /Active\s*→\s*(becomes)?\s*Revoked/);
      t.equal((await status(code))["status"], "active", "a look changes nothing");
      t.ok(await dialog.getByRole("button", { name: "Revoke", exact: true }).isDisabled(), "not without a reason");
      await dialog.getByLabel("Reason").fill("The manifest is out of date.");
      await dialog.getByRole("button", { name: "Revoke", exact: true }).click();
      await page.locator(".page-head .badge", { hasText: "Revoked" }).waitFor();
      t.match(await page.locator(".note").innerText(), /The manifest is out of date\./);
      t.match(await page.locator(".moments").innerText(), /Minted.*Revoked.*operator/s);
      t.equal((await status(code))["revoked_reason"], "The manifest is out of date.");
      t.same(faults, []);
    },
  );

  await all.test("GRANT-5: who may not revoke is not offered it, and a used grant without a run says so", async (t) => {
    const code = await mintGrant(service, rehearsalIn("rehearsal-used"));
    t.equal((await consume(service, code, "no-run", { environment: "rehearsal-used" })).status, 200);
    const seen = await visit("auditor", `/grants/${code}`);
    t.equal(await seen.page.getByRole("button", { name: /Revoke|End its run/ }).count(), 0);
    t.match(await seen.page.locator("#receipt + dl").innerText(), /c1-builder.*no-run/s, "the receipt");
    const { page, faults } = await visit("operator", `/grants/${code}`);
    await page.getByRole("button", { name: "End its run…" }).click();
    await page.getByRole("dialog").locator(".problem").waitFor();
    t.match(await page.getByRole("dialog").innerText(), /REJECT_AUTH_ALREADY_CONSUMED/);
    t.same([...seen.faults, ...faults], []);
  });

  await all.test(
    "operations: the list of grants is filtered by the address, and each row leads to its grant",
    async (t) => {
      const code = await mintGrant(service, rehearsalIn("rehearsal-listed"));
      const { page, faults } = await visit("requester", "/grants");
      await page.getByLabel("Environment").fill("rehearsal-listed");
      await page.getByRole("button", { name: "Filter" }).click();
      await page.waitForURL(/environment=rehearsal-listed/);
      await page.locator("tbody tr:only-child").waitFor();
      await page.locator("tbody a").click();
      await page.waitForURL(new RegExp(`/grants/${code}$`));
      await page.getByRole("heading", { level: 1, name: code }).waitFor();
      await page.goBack();
      await page.waitForURL(/environment=rehearsal-listed/);
      await page.locator("select[name=status]").selectOption("draft");
      await page.locator(".empty").waitFor();
      t.match(page.url(), /status=draft/);
      await page.getByRole("button", { name: "Copy as curl" }).click();
      await page.getByLabel("Search").press("Control+V");
      const copied = await page.getByLabel("Search").inputValue();
      t.match(copied, /environment=rehearsal-listed&status=draft|status=draft&environment=rehearsal-listed/);
      t.match(copied, /\$COUNTERSIGN_TOKEN/);
      t.notMatch(copied, service.tokens.requester);
      await revoke(service, code);
      t.same(faults, []);
    },
  );

  await all.test("ESIGN-2: a draft is signed with a signature that was made off-line", async (t) => {
    const code = await draftFor(service, "OFFLINE");
    const key = await usableKey(service);
    const { page, faults } = await visit("sovereign", `/grants/${code}`);
    await page.getByRole("heading", { name: "Sign this draft" }).waitFor();
    const payload = await payloadOf(service, code);
    t.equal(await page.locator(".payload").innerText(), payload, "the bytes that are signed, as they are");
    const digest = await digestOf(payload);
    t.equal(await page.locator(".digest-line code").innerText(), digest, "the browser has computed the digest");
    t.equal(await page.locator(".signing .checks .bad").count(), 0);
    await page.getByLabel("Detached JWS").fill("no signature");
    t.match(await page.locator("#jws-says").innerText(), /no detached JWS/);
    t.ok(await page.getByRole("button", { name: "Hand in the signature" }).isDisabled());
    await page.getByLabel("Detached JWS").fill(detachedJws(key, `${payload} `));
    await page.getByRole("button", { name: "Hand in the signature" }).click();
    await page.locator(".signing .problem", { hasText: "ESIGN_INVALID" }).waitFor();
    await page.getByLabel("Or a file with it").setInputFiles({
      name: "grant.jws",
      mimeType: "text/plain",
      buffer: Buffer.from(`${detachedJws(key, payload)}\n`),
    });
    await page.locator("#jws-says code", { hasText: key.kid }).waitFor();
    await page.getByRole("button", { name: "Hand in the signature" }).click();
    await page.locator(".page-head .badge", { hasText: "Active" }).waitFor();
    t.match(await page.locator(".moments").innerText(), /Minted.*Signed.*sovereign/s);
    t.equal((await status(code))["status"], "active");
    t.same(faults, []);
  });

  await all.test("ESIGN-1: a payload that is not what the page shows is not offered for signing", async (t) => {
    const code = await draftFor(service, "SWAPPED");
    const view = await visit("sovereign", "/grants");
    const { page, context } = view;
    await context.route("**/signing-payload", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: (await answer.text()).replace("SWAPPED", "ANOTHER") });
    });
    await view.open(`/grants/${code}`);
    await page.locator(".signing .note.bad").waitFor();
    t.match(await page.locator(".signing .note.bad").innerText(), /Do not sign/);
    t.equal(await page.getByRole("button", { name: /Sign with a passkey|Hand in/ }).count(), 0);
  });

  await all.test("OPEN-8: grants in every look have nothing that axe finds and fit into 360 px", async (t) => {
    const draft = await draftFor(service, "LOOKS");
    await everyLook(t, browser, service, { as: "sovereign", path: `/grants/${draft}`, picture: "console-grant" });
    await everyLook(t, browser, service, { as: "sovereign", path: "/grants", picture: "console-grants" });
    const used = await mintGrant(service, rehearsalIn("rehearsal-looked-at"));
    await consume(service, used, "looks", { environment: "rehearsal-looked-at" });
    await everyLook(t, browser, service, { as: "operator", path: `/grants/${used}` });
    await dialogs(t, await visit("operator", `/grants/${await mintGrant(service, rehearsalIn("rehearsal-dialog"))}`));
  });
}

/** A dialog is looked at too: only while it is open can it be. */
async function dialogs(t: Test, view: Visit): Promise<void> {
  const { page } = view;
  await page.getByRole("button", { name: "Revoke…" }).click();
  await page.getByRole("dialog").locator(".change").waitFor();
  t.same(await view.axe(), []);
  await page.keyboard.press("Escape");
  await settled(page);
  t.equal(await page.getByRole("dialog").count(), 0);
}

/** Ends a grant: of the target of rehearsals there is one live grant at a time. */
async function revoke(service: Service, code: string): Promise<void> {
  const body = { reason: "Seen enough of it." };
  await expectStatus(service.call("POST", `/v1/grants/${code}/revoke`, { as: "operator", body }), 200);
}

function rehearsalIn(environment: string) {
  return approvalRequest({}, { environment });
}

async function digestOf(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `sha256:${Buffer.from(hash).toString("hex")}`;
}
