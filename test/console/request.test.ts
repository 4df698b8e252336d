import t, { type Test } from "tap";
import { digestOf } from "../../src/kernel/json.ts";
import { noBrowser, settled, startBrowser, type Visit } from "../support/browser.ts";
import { approvalRequest, approve, expectStatus } from "../support/flow.ts";
import { guardedPlan } from "../support/guarded-plan.ts";
import { type Person, type Service, startService } from "../support/service.ts";

t.setTimeout(280_000);
if (noBrowser !== undefined) t.plan(0, noBrowser);
else await suite(t);

async function suite(all: typeof t): Promise<void> {
  const service = await startService(all);
  const browser = await startBrowser(all);
  const see = (as: Person, code: string, options = {}) =>
    browser.visit(service, { as, path: `/requests/${code}`, ...options });

  await all.test(
    "APR-5: a quorum of two approves in the browser, each on the digest that is on the screen",
    async (t) => {
      const { code, digest } = await post(service);
      const first = await see("approver_1", code);
      const shown = await first.page.locator(".decision, .card").allInnerTexts();
      t.ok(
        shown.some((text) => text.includes(digest)),
        "the digest is on the screen",
      );
      t.match(await first.page.locator(".note.good").innerText(), /The digest matches/);
      const sent = first.page.waitForRequest(
        (request) => request.method() === "POST" && request.url().endsWith("/votes"),
      );
      await vote(first, "Approve", "The rehearsal scope is right.");
      t.same((await sent).postDataJSON(), {
        decision: "approve",
        apr_digest: digest,
        reason: "The rehearsal scope is right.",
      });
      await first.page.getByText("1 of 2 approvals").waitFor();
      t.ok(await first.page.getByRole("button", { name: "Approve" }).isDisabled(), "one vote a person");
      t.match(await first.page.locator(".why-not").innerText(), /Has voted: approved/);

      const second = await see("approver_2", code);
      t.match(await second.page.locator(".ballots").innerText(), /approver_1.*The rehearsal scope is right/s);
      await vote(second, "Approve", "Agreed.");
      await second.page.getByText("2 of 2 approvals").waitFor();
      const { body } = await service.call("GET", `/v1/approval-requests/${code}`, { as: "auditor" });
      t.equal(body["status"], "approved");
      t.match(await second.page.locator(".decision").innerText(), /dispatcher/, "how it goes on");
      t.same([...first.faults, ...second.faults], []);
    },
  );

  await all.test("APR-3: nobody approves their own request, and the page says why", async (t) => {
    const { code } = await post(service);
    const { page, faults } = await see("requester", code);
    const button = page.getByRole("button", { name: "Approve" });
    t.ok(await button.isDisabled());
    const described = await button.getAttribute("aria-describedby");
    t.match(await page.locator(`#${described}`).innerText(), /made this request|Only approvers/);
    // A requester who is an approver too is told the same, and the service would refuse the vote.
    await page.getByRole("button", { name: "Withdraw" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Withdraw" }).click();
    await page.locator(".decision").getByText("Withdrawn").waitFor();
    t.same(faults, []);
  });

  await all.test("APR-3: who would carry it out does not decide on it", async (t) => {
    const { code } = await post(service, {}, { executor: "approver_1" });
    const { page } = await see("approver_1", code);
    t.ok(await page.getByRole("button", { name: "Approve" }).isDisabled());
    t.match(await page.locator(".why-not").innerText(), /whoever executes does not decide/);
  });

  await all.test(
    "APR-3: a vote on content that is stale is not counted; what changed is shown and asked again",
    async (t) => {
      const { code } = await post(service, { justification: "Gate B evidence." });
      const seen = await see("approver_1", code);
      const { page } = seen;
      // The page is shown other content than what is stored, as if it had been loaded long ago.
      const path = `**/v1/approval-requests/${code}`;
      await page.route(path, async (route) => {
        const answer = await route.fetch();
        const body = (await answer.json()) as { request: { justification: string }; apr_digest: string };
        body.request.justification = "An older justification.";
        body.apr_digest = digestOf(body.request);
        await route.fulfill({ response: answer, json: body });
      });
      await page.reload();
      await settled(page);
      t.match(await page.locator(".note.good").innerText(), /digest matches/, "the older content is whole");
      await page.unroute(path);
      await open(seen, "Approve", "The scope is right.");
      await confirm(seen, "Approve");
      await page.getByRole("heading", { name: "The content has changed" }).waitFor();
      t.notOk(await page.getByRole("dialog").isVisible(), "read first");
      t.match(await page.locator(".stale del").innerText(), /An older justification/);
      t.match(await page.locator(".stale ins").innerText(), /Gate B evidence/);
      const before = await service.call("GET", `/v1/approval-requests/${code}`, { as: "auditor" });
      t.same(before.body["votes"], [], "nothing was counted");
      await page.getByRole("button", { name: "Approve" }).click();
      t.equal(await page.getByLabel("Reason").inputValue(), "The scope is right.", "the reason is kept");
      await confirm(seen, "Approve");
      await page.getByText("1 of 2 approvals").waitFor();
      t.same(seen.faults, []);
    },
  );

  await all.test(
    "APR-2: content that does not have the digest that the service says cannot be decided on",
    async (t) => {
      const { code } = await post(service);
      const { page } = await see("approver_1", code);
      await page.route(`**/v1/approval-requests/${code}`, async (route) => {
        const answer = await route.fetch();
        const body = (await answer.json()) as { request: { title: string } };
        body.request.title = "Something harmless";
        await route.fulfill({ response: answer, json: body });
      });
      await page.reload();
      await settled(page);
      t.match(await page.locator(".note.bad").innerText(), /does not match/);
      t.ok(await page.getByRole("button", { name: "Approve" }).isDisabled());
    },
  );

  await all.test(
    "OPEN-8: a request is compared with the last one that was approved for its plan and target",
    async (t) => {
      const changes = { plan_id: "PLAN-COMPARED", target: "TARGET-COMPARED" };
      const earlier = approvalRequest({}, { ...changes, ttl_seconds: 3_600 });
      await approve(service, earlier);
      const { code } = await post(service, {}, { ...changes, ttl_seconds: 7_200 });
      const { page, faults } = await see("approver_1", code);
      await page.locator(".diff-against").waitFor();
      t.match(await page.locator(".diff-against").innerText(), new RegExp(earlier.apr_code));
      t.match((await page.locator(".diff ins").allInnerTexts()).join("\n"), /"ttl_seconds": 7200/);
      t.match((await page.locator(".diff del").allInnerTexts()).join("\n"), /"ttl_seconds": 3600/);
      t.same(faults, []);
    },
  );

  await all.test("OPEN-8: a request that names a registered plan shows its steps and their SQL", async (t) => {
    const source = guardedPlan("7");
    await expectStatus(service.call("POST", "/v1/plans", { as: "requester", body: { source } }), 201);
    const { code } = await post(service, {}, { plan_id: "guarded", plan_revision: "7", step_name: "plain" });
    const seen = await see("approver_1", code);
    await seen.page.getByRole("heading", { name: "The plan and its steps" }).waitFor();
    t.match(
      await seen.page.locator(".step[open]").innerText(),
      /INSERT INTO public\.t VALUES \(1\)/,
      "the named one is unfolded",
    );
    t.equal(await seen.page.locator(".step").count(), 4);
    await inOrder(t, seen, "with a plan");
  });

  await all.test("operations: the screen of a request in both themes and languages, wide and at 360 px", async (t) => {
    const changes = { plan_id: "PLAN-PICTURED", target: "TARGET-PICTURED" };
    await approve(service, approvalRequest({}, { ...changes, ttl_seconds: 3_600 }));
    const { code } = await post(
      service,
      { justification: "Gate B evidence for the C1 vocabulary.\nThe third revision adds two codes." },
      changes,
    );
    await vote(await see("approver_2", code), "Approve", "The manifest is the one that we reviewed on Friday.");
    for (const theme of ["light", "dark"] as const) {
      for (const language of ["en", "vi"] as const) {
        for (const width of [1280, 360]) {
          const name = `${theme}-${language}-${width}`;
          const seen = await see("approver_1", code, { theme, language, width, height: width === 360 ? 740 : 1_000 });
          await seen.page.locator(".diff-against").waitFor();
          await inOrder(t, seen, name);
          if ((theme === "light") === (language === "en")) await seen.picture(`console-request-${name}`);
          await seen.page.locator(".decide .primary").click();
          await seen.page.locator("dialog[open]").waitFor();
          await inOrder(t, seen, `${name} dialog`);
          if (theme === "light" && language === "en") await seen.picture(`console-approve-${name}`);
          await seen.context.close();
        }
      }
    }
  });
}

async function post(service: Service, changes = {}, action = {}): Promise<{ code: string; digest: string }> {
  const body = approvalRequest(changes, action);
  const posted = await expectStatus(service.call("POST", "/v1/approval-requests", { as: "requester", body }), 201);
  return { code: body.apr_code, digest: posted.body["apr_digest"] as unknown as string };
}

async function open({ page }: Visit, button: string, reason: string): Promise<void> {
  await page.getByRole("button", { name: button }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill(reason);
}

async function confirm({ page }: Visit, button: string): Promise<void> {
  await page.getByRole("dialog").getByRole("button", { name: button }).click();
}

async function vote(seen: Visit, button: string, reason: string): Promise<void> {
  await open(seen, button, reason);
  await confirm(seen, button);
  await seen.page.getByRole("dialog").waitFor({ state: "detached" });
}

async function inOrder(t: Test, seen: Visit, name: string): Promise<void> {
  t.same(await seen.axe(), [], `${name}: axe`);
  t.notOk(await seen.overflows(), `${name}: fits its window`);
  t.same(seen.faults, [], `${name}: no faults`);
}
