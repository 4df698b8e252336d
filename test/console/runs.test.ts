import t, { type Test } from "tap";
import { noBrowser, startBrowser, type TestBrowser } from "../support/browser.ts";
import { usableKey } from "../support/commit.ts";
import { expectStatus } from "../support/flow.ts";
import { holdGate } from "../support/gate.ts";
import { manifest, prepareCommit, readRun, startRun, untilRun, useTarget } from "../support/runs.ts";
import { type Service, setStage, spawnService, startService } from "../support/service.ts";
import { everyLook } from "./support/looks.ts";
import { freePort } from "./support/ports.ts";

t.setTimeout(280_000);
if (noBrowser !== undefined) t.plan(0, noBrowser);
else await suite(t);

async function suite(all: typeof t): Promise<void> {
  const browser = await startBrowser(all);

  await all.test("OPEN-8: a run is watched live while the service is killed and started again", (t) =>
    watchThroughKill(t, browser),
  );

  await all.test("OPEN-4: live updates are paused; a run is ended from its grant, and what was undone is drawn", (t) =>
    pauseAndEnd(t, browser),
  );

  await all.test("OPEN-8: runs in every look have nothing that axe finds, and the failed ones are found", async (t) => {
    const place = await built(t, await startedHere(t));
    const { service } = place;
    const { body } = await service.call("GET", "/v1/runs", { as: "auditor" });
    const [{ idempotency_root: root } = { idempotency_root: "" }] = body["items"] as unknown as {
      idempotency_root: string;
    }[];
    await everyLook(t, browser, service, { as: "auditor", path: "/runs" });
    await everyLook(t, browser, service, { as: "auditor", path: `/runs/${root}`, picture: "console-run" });
    const { page, faults } = await browser.visit(service, { as: "auditor", path: "/runs" });
    t.equal(await page.locator("tbody tr").count(), 1);
    await page.locator("select[name=failed]").selectOption("true");
    await page.locator(".empty").waitFor();
    t.match(page.url(), /failed=true/);
    t.same(faults, []);
  });
}

interface Place {
  readonly service: Service;
  readonly superUrl: string;
}

async function startedHere(t: Test): Promise<Place> {
  const target = await useTarget(t);
  const service = await startService(t, {
    targets: { default: target.url },
    config: { runPollMs: 50, runRetrySeconds: 60 },
  });
  return { service, superUrl: target.superUrl };
}

/** Has the collection built, so that a test can hold its tables. */
async function built<Of extends Place>(_t: Test, place: Of) {
  const key = await usableKey(place.service);
  const first = await prepareCommit(place.service, { manifest: manifest(2) }, { key });
  await expectStatus(startRun(place.service, first), 202);
  await untilRun(place.service, first.root);
  return { ...place, key };
}

/** Starts a run that waits in S4 until the gate opens. */
async function waiting(t: Test, { service, superUrl, key }: Awaited<ReturnType<typeof built>>) {
  const prepared = await prepareCommit(service, { manifest: manifest(5) }, { key });
  const gate = await holdGate(t, superUrl, "LOCK TABLE c1.operation_vocabulary IN SHARE MODE");
  await expectStatus(startRun(service, prepared), 202);
  await gate.waitedFor();
  return { ...prepared, gate };
}

async function watchThroughKill(t: Test, browser: TestBrowser): Promise<void> {
  const target = await useTarget(t);
  const stage = await setStage(t);
  const env = {
    PORT: String(await freePort()),
    TARGETS: JSON.stringify({ default: target.url }),
    RUN_RETRY_SECONDS: "60",
    RUN_LEASE_SECONDS: "2",
    RUN_POLL_MS: "100",
  };
  const service = await spawnService(t, stage, env);
  const place = await built(t, { service, superUrl: target.superUrl });
  const run = await waiting(t, place);
  const view = await browser.visit(service, { as: "c1-builder", path: `/runs/${run.root}` });
  const { page, faults } = view;
  await page.locator(".live.live").waitFor();
  const row = (state: string) => page.locator(`tr[data-row-key="forward ${state}"]`);
  t.match(await row("S3").innerText(), /Done/);
  t.match(await row("S4").innerText(), /Running/);
  await service.kill("SIGKILL");
  await page.locator(".live.lost").waitFor();
  t.match(await page.locator(".live-state").innerText(), /trying again/);
  t.match(await row("S3").innerText(), /Done/, "what is known stays");
  await view.picture("console-run-lost");
  await spawnService(t, stage, env);
  await run.gate.open();
  await page.locator(".page-head .badge", { hasText: "Succeeded" }).waitFor();
  await page.locator(".live.ended").waitFor();
  const { states } = await readRun(service, run.root);
  for (const { state } of states) t.match(await row(state).innerText(), /Done/, `${state} is done`);
  const path = `/v1/runs/${run.root}/events?limit=200`;
  const { body } = await service.call("GET", path, { as: "auditor" });
  const events = body["items"] as unknown as unknown[];
  t.equal(await page.locator(".event-list li").count(), events.length, "every event, each of them once");
  const other = faults.filter((fault) => !/net::ERR_|ERR_CONNECTION|Failed to load resource/.test(fault));
  t.same(other, [], "nothing but the lost connection");
}

async function pauseAndEnd(t: Test, browser: TestBrowser): Promise<void> {
  const place = await built(t, await startedHere(t));
  const { service } = place;
  const run = await waiting(t, place);
  const { page, faults } = await browser.visit(service, { as: "operator", path: `/runs/${run.root}` });
  await page.locator(".live.live").waitFor();
  await page.getByRole("button", { name: "Pause live updates" }).click();
  await page.locator(".live.paused").waitFor();
  const ended = await browser.visit(service, { as: "operator", path: `/grants/${run.authCode}` });
  await ended.page.getByRole("button", { name: "End its run…" }).click();
  const dialog = ended.page.getByRole("dialog");
  await dialog.getByLabel(/undo what is done/).check();
  await dialog.getByText(/what it has done is undone:/).waitFor();
  await dialog.getByLabel("Reason").fill("Not today.");
  await dialog.getByRole("button", { name: "End its run" }).click();
  await dialog.waitFor({ state: "detached" });
  await run.gate.open();
  await untilRun(service, run.root, (one) => one.status === "stopped");
  t.match(await page.locator(".page-head .badge").first().innerText(), /Running/, "paused, the page stays as it was");
  await page.getByRole("button", { name: "Resume live updates" }).click();
  await page.locator(".live.ended").waitFor();
  t.match(await page.locator("section.note.bad").innerText(), /Stopped at COMP_VALUES.*operator.*Not today\./s);
  const undone = page.locator("tr.undoes");
  t.equal(await undone.count(), 2);
  t.match(await undone.first().innerText(), /COMP_VALUES.*Done/s);
  t.equal(await undone.first().locator("svg rect.ok").count(), 1, "drawn where it was in time");
  t.same([...faults, ...ended.faults], []);
  await everyLook(t, browser, service, { as: "operator", path: `/runs/${run.root}`, picture: "console-run-undone" });
}
