import path from "node:path";
import t from "tap";
import { Client } from "../../../src/client/index.ts";
import { approvalRequest, approve, execute, expectStatus } from "../../support/flow.ts";
import { type InProcess, type Person, startService } from "../../support/service.ts";
import { startReceiver } from "../../webhooks/receiver.ts";
import { register, startTelling } from "../../webhooks/scene.ts";
import { writeBlocks } from "./page-code.ts";

t.setTimeout(120_000);

interface Page {
  readonly digest: string;
  readonly intact: boolean;
  readonly title: string;
  readonly button: string;
  readonly why: string | null;
  readonly before: { readonly title: string } | null;
  readonly votes: readonly object[];
}

interface Ui {
  load(client: Client, code: string, me: string): Promise<Page>;
  decide(client: Client, page: Page, decision: string, reason: string): Promise<{ show: string; text: string }>;
  canonical(value: unknown): string;
  visible(text: string): string;
}

interface Receiver {
  makeReceiver(
    secret: string,
    refresh: (code: string) => Promise<void>,
  ): (body: string, headers: Readonly<Record<string, string>>) => Promise<number>;
}

async function pageCode(t: {
  teardown(work: () => Promise<unknown>): unknown;
}): Promise<{ ui: Ui; receiver: Receiver }> {
  const directory = writeBlocks(t, "docs/how-to/build-an-approval-ui.md", ["ui.mjs", "receiver.mjs"]);
  return {
    ui: (await import(path.join(directory, "ui.mjs"))) as Ui,
    receiver: (await import(path.join(directory, "receiver.mjs"))) as Receiver,
  };
}

const clientOf = (service: InProcess, who: Person) => new Client({ url: service.url, token: service.tokens[who] });

async function submit(service: InProcess, changes: Record<string, unknown> = {}): Promise<string> {
  const body = approvalRequest(changes);
  await expectStatus(service.call("POST", "/v1/approval-requests", { as: "requester", body }), 201);
  return body.apr_code;
}

t.test(
  "APR-3 the page works the digest out, sends the one that it shows, and says why a vote is refused",
  async (t) => {
    const service = await startService(t);
    const { ui } = await pageCode(t);
    const earlier = await approve(service, approvalRequest({ title: "The one before" }));
    await expectStatus(execute(service, earlier), 201);
    const code = await submit(service, { title: "Từ vựng \u202egnp.exe \u0001" });
    const approver = clientOf(service, "approver_1");
    const page = await ui.load(approver, code, "approver_1");
    t.match(page, { intact: true, button: "enabled", why: null, votes: [], before: { title: "The one before" } });
    t.equal(page.title, "Từ vựng \\u{202e}gnp.exe \\u{1}", "nothing invisible is left in it");

    const stale = { ...page, digest: `sha256:${"0".repeat(64)}` };
    t.match(await ui.decide(approver, stale, "approve", "Looked at."), {
      show: "reload",
      text: /not the one that you saw/,
    });
    t.match(await ui.decide(approver, { ...page, intact: false }, "approve", "x"), { show: "broken" });
    t.match((await service.call("GET", `/v1/approval-requests/${code}`, { as: "auditor" })).body, { votes: [] });
    t.match(await ui.decide(approver, page, "approve", "Looked at."), { show: "done", text: "open: 1 of 2 approvals" });
    t.match(await ui.decide(approver, page, "approve", "Twice."), { show: "reload", text: /voted already/ });
    t.match(await ui.load(approver, code, "approver_1"), { button: "disabled", why: "has voted: approve" });
    t.match(await ui.load(clientOf(service, "requester"), code, "requester"), { button: "disabled", why: /\w/ });

    const second = clientOf(service, "approver_2");
    const late = await ui.load(second, code, "approver_2");
    t.match(await ui.decide(clientOf(service, "council_1"), late, "reject", "No."), {
      show: "done",
      text: /^rejected/,
    });
    t.match(await ui.decide(second, late, "approve", "Yes."), { show: "reload", text: /been decided/ });
    const forbidden = await ui.decide(clientOf(service, "auditor"), late, "approve", "Yes.");
    t.equal(forbidden.show, "refused");
  },
);

t.test("APR-2 the canonical form of the page is that of the service, whatever is in the content", async (t) => {
  const service = await startService(t);
  const { ui } = await pageCode(t);
  const texts = [
    "\u{1f600} é\u0301",
    'quotes " and \\ and /',
    "line\nfeed\ttab",
    "a\u2028b\u2029c",
    "<img src=x onerror=alert(1)>",
    "ﬁ Ω Ⅷ",
  ];
  for (const title of texts) {
    const code = await submit(service, { title });
    const page = await ui.load(clientOf(service, "approver_1"), code, "approver_1");
    t.ok(page.intact, encodeURIComponent(title));
  }
  t.equal(ui.canonical({ b: [1, true, null], a: { "\u20ac": 1, "\r": 2 } }), '{"a":{"\\r":2,"€":1},"b":[1,true,null]}');
});

t.test("AUDIT-1 the receiver of the page believes signed messages alone, and takes each once", async (t) => {
  const service = await startTelling(t);
  const { receiver } = await pageCode(t);
  const hook = await startReceiver(t);
  const { secret } = await register(service, hook.url, ["approval_request.*"]);
  const refreshed: string[] = [];
  const take = receiver.makeReceiver(secret, async (code) => void refreshed.push(code));
  const { aprCode } = await approve(service);
  await hook.until((all) => all.length === 3);
  const headersOf = ({ headers }: { headers: object }) => headers as Readonly<Record<string, string>>;
  for (const one of hook.received) t.equal(await take(one.body, headersOf(one)), 204);
  t.same(refreshed, [aprCode, aprCode, aprCode], "submitted, and two votes");
  const [first] = hook.received;
  if (first === undefined) return t.fail("nothing came");
  t.equal(await take(first.body, headersOf(first)), 204);
  t.equal(refreshed.length, 3, "the same id again does nothing");
  t.equal(await take(first.body.replace("submitted", "executed"), headersOf(first)), 401);
  t.equal(await take(first.body, { ...headersOf(first), "webhook-timestamp": "1700000000" }), 401);
  t.equal(await take(first.body, {}), 401);
});
