import t, { type Test } from "tap";
import { noBrowser, settled, startBrowser, type TestBrowser, type Visit } from "../support/browser.ts";
import { approvalRequest, expectStatus } from "../support/flow.ts";
import { type Service, setStage, startService } from "../support/service.ts";

t.setTimeout(280_000);
if (noBrowser !== undefined) t.plan(0, noBrowser);
else await suite(t);

async function suite(all: typeof t): Promise<void> {
  const stage = await setStage(all);
  const service = await startService(all, { stage });
  const browser = await startBrowser(all);
  const body = approvalRequest({ title: "Something to decide on" });
  await expectStatus(service.call("POST", "/v1/approval-requests", { as: "requester", body }), 201);
  const path = `/requests/${body.apr_code}`;

  await all.test("operations: a person signs in with a token and is where their link led", async (t) => {
    const { page, faults, axe } = await browser.visit(service, { path });
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.getByLabel("API token").fill("cs_not-a-token");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
    t.same(await axe(), [], "with a refusal on it");
    await enter(page, service.tokens.approver_1);
    await page.getByRole("heading", { name: "Something to decide on" }).waitFor();
    t.match(page.url(), new RegExp(`${path}$`));
    t.match(await page.title(), /Countersign/);
    const kept = await page.evaluate(() =>
      JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie]),
    );
    t.notMatch(kept, service.tokens.approver_1, "the token is nowhere that a script could read");
    t.equal(await page.evaluate(() => document.cookie), "", "nor is the session");
    t.same(faults, []);
  });

  await all.test("operations: whoever signs out is out, and what was typed is forgotten", async (t) => {
    const { page, context, faults } = await browser.visit(service, { as: "approver_1", path });
    await typeReason(page, "half a reason");
    await page.keyboard.press("Escape");
    const [cookie] = await context.cookies();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    t.notOk(
      (await context.cookies()).some(({ value }) => value === cookie?.value),
      "the cookie is gone",
    );
    const answer = await fetch(`${service.url}/v1/session`, {
      headers: { cookie: `${cookie?.name}=${cookie?.value}` },
    });
    t.equal(answer.status, 401, "and is worth nothing");
    t.equal(await page.evaluate(() => sessionStorage.length), 0);
    t.same(faults, []);
  });

  await all.test("operations: a session that has ended asks again, and what was typed is still there", async (t) => {
    const seen = await browser.visit(service, { as: "approver_1", path });
    const { page, faults, axe } = seen;
    await typeReason(page, "A reason that took a while to write.");
    await endSession(service, seen);
    await page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
    await page.getByText("Your session has ended").waitFor();
    t.notOk(
      await page.getByRole("heading", { name: "Something to decide on" }).isVisible(),
      "what was on the page is not in sight",
    );
    t.same(await axe(), []);
    await enter(page, service.tokens.approver_1);
    await page.getByText("Your session has ended").waitFor({ state: "detached" });
    const reason = page.getByRole("dialog").getByLabel("Reason");
    t.equal(await reason.inputValue(), "A reason that took a while to write.");
    await page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
    await page.getByText("1 of 2 approvals").waitFor();
    t.same(faults, []);
  });

  await all.test("operations: after another person signs in, nothing of the first one is left", async (t) => {
    const seen = await browser.visit(service, { as: "approver_2", path });
    const { page, faults } = seen;
    await typeReason(page, "not for others to see");
    await endSession(service, seen);
    await page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
    await page.getByText("Your session has ended").waitFor();
    await enter(page, service.tokens.council_1);
    await page.getByText("Signed in as council_1").waitFor();
    await settled(page);
    t.notOk(await page.getByRole("dialog").isVisible());
    await page.getByRole("button", { name: "Approve" }).click();
    t.equal(await page.getByLabel("Reason").inputValue(), "");
    t.same(faults, []);
  });

  await all.test("operations: before the session ends the person is warned, and may stay", (t) =>
    warned(t, browser, stage),
  );

  await all.test("operations: the page of the sign-in in both themes and languages, wide and at 360 px", async (t) => {
    for (const theme of ["light", "dark"] as const) {
      for (const language of ["en", "vi"] as const) {
        for (const width of [1280, 360]) {
          const seen = await browser.visit(service, { theme, language, width });
          t.same(await seen.axe(), [], `${theme} ${language} ${width}: axe`);
          t.notOk(await seen.overflows());
          t.same(seen.faults, []);
          if (theme === "dark" && width === 1280) await seen.picture(`console-sign-in-${theme}-${language}`);
          await seen.context.close();
        }
      }
    }
  });

  await all.test("operations: the language is kept, and so is the appearance", async (t) => {
    const { page, faults } = await browser.visit(service, { as: "approver_1" });
    await page.getByLabel("Language").selectOption("vi");
    await page.getByRole("heading", { name: "Hộp việc" }).waitFor();
    await page.getByLabel("Giao diện").selectOption("dark");
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const dark = await ground();
    await page.reload();
    await settled(page);
    t.equal(await page.locator("h1").innerText(), "Hộp việc");
    t.equal(await page.evaluate(() => document.documentElement.lang), "vi");
    t.equal(await ground(), dark);
    t.same(faults, []);
  });

  await all.test("operations: a path that is no screen says so, and a link leads back", async (t) => {
    const { page, faults } = await browser.visit(service, { as: "approver_1", path: "/no/such/place" });
    await page.getByRole("heading", { name: "There is no such page" }).waitFor();
    await page.getByRole("link", { name: "To the inbox" }).click();
    await page.getByRole("heading", { name: "Inbox" }).waitFor();
    t.same(faults, []);
  });
}

async function warned(t: Test, browser: TestBrowser, stage: Awaited<ReturnType<typeof setStage>>): Promise<void> {
  // Warned of in its last third: here after 20 seconds of nothing.
  const brief = await startService(t, { stage, config: { sessionIdleSeconds: 30, sessionSeconds: 3_600 } });
  const { page, faults, axe, picture } = await browser.visit(brief, { as: "approver_1" });
  await page.getByText("Still there?").waitFor();
  t.match(await page.locator("cs-session-warning").innerText(), /signed out in 0:\d\d/);
  t.same(await axe(), []);
  await picture("console-expiry");
  await page.getByRole("button", { name: "Stay signed in" }).click();
  await page.getByText("Still there?").waitFor({ state: "detached" });
  // Nobody does anything any more: the page asks again by itself.
  await page.getByText("Your session has ended").waitFor();
  t.same(faults, []);
}

async function enter(page: Visit["page"], token: string): Promise<void> {
  await page.getByLabel("API token").fill(token);
  await page.locator("cs-sign-in").getByRole("button", { name: "Sign in" }).click();
}

async function typeReason(page: Visit["page"], reason: string): Promise<void> {
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByRole("dialog").getByLabel("Reason").fill(reason);
}

/** Ends the session from elsewhere: the browser keeps its cookie and does not know. */
async function endSession(service: Service, { context }: Visit): Promise<void> {
  const [cookie] = await context.cookies();
  const headers = { cookie: `${cookie?.name}=${cookie?.value}` };
  const session = (await (await fetch(`${service.url}/v1/session`, { headers })).json()) as { csrf_token: string };
  const ended = await fetch(`${service.url}/v1/session`, {
    method: "DELETE",
    headers: { ...headers, "x-csrf-token": session.csrf_token },
  });
  if (ended.status !== 200) throw new Error(`the session was not ended: ${ended.status} ${await ended.text()}`);
}
