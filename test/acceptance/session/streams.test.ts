import t from "tap";
import { serviceCaller } from "../../../src/kernel/caller.ts";
import { revokeToken } from "../../../src/principals/index.ts";
import { type CookieJar, signIn } from "../../support/cookies.ts";
import { expectStatus } from "../../support/flow.ts";
import { manifest, prepareDryRun, startRun, useTarget } from "../../support/runs.ts";
import { startService } from "../../support/service.ts";

t.setTimeout(60_000);

/** Reads the stream of a run until it is over. @returns how, and `begun` when the first of it has come */
function watch(browser: CookieJar, root: string) {
  let first: (() => void) | undefined;
  const begun = new Promise<void>((resolve) => {
    first = resolve;
  });
  const read = async (): Promise<string> => {
    const response = await fetch(`${browser.service.url}/v1/runs/${root}/events`, {
      headers: { cookie: browser.header, accept: "text/event-stream" },
    });
    let text = "";
    for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += piece;
      first?.();
    }
    return text;
  };
  return { begun, ended: read() };
}

t.test("APR-8 what a session watches ends with the session, and watching keeps no session open", async (t) => {
  const target = await useTarget(t);
  // Nothing works on the run: its stream goes on for as long as somebody may watch it.
  const config = { runConcurrency: 0, runPollMs: 100, sessionIdleSeconds: 30 };
  const service = await startService(t, { targets: { default: target.url }, config });
  const prepared = await prepareDryRun(service, { manifest: manifest(3) });
  await expectStatus(startRun(service, prepared), 202);
  const root = encodeURIComponent(prepared.root);

  const leaves = await signIn(service, "auditor");
  const one = watch(leaves, root);
  await one.begun;
  await expectStatus(leaves.call("DELETE", "/v1/session"), 200);
  t.notMatch(await one.ended, /event: end/, "the run is not over, the session is");

  const loses = await signIn(service, "operator");
  const two = watch(loses, root);
  await two.begun;
  const { database, tokens } = service.stage;
  const idleEnd = async (): Promise<unknown> =>
    (await database.transact((tx) => tx.query("SELECT idle_expires_at FROM sessions WHERE principal = 'operator'")))
      .rows;
  const before = await idleEnd();
  await database.transact((tx) => revokeToken(tx, serviceCaller("test"), tokens.operator.split("_")[1] ?? ""));
  await two.ended;
  t.same(await idleEnd(), before);
});
