import t from "tap";
import { noBrowser, settled, startBrowser } from "../support/browser.ts";
import { evidence, evidencePlace } from "../support/evidence.ts";
import { consume, mintGrant } from "../support/flow.ts";
import type { Person } from "../support/service.ts";
import { everyLook } from "./support/looks.ts";

t.setTimeout(280_000);
if (noBrowser !== undefined) t.plan(0, noBrowser);
else await suite(t);

type Json = Record<string, unknown>;

async function suite(all: typeof t): Promise<void> {
  const { service } = await evidencePlace(all);
  const browser = await startBrowser(all);
  const visit = (as: Person, path: string, options = {}) => browser.visit(service, { as, path, ...options });
  const grant = await mintGrant(service);
  await consume(service, grant, "audited");
  // Until the log reaches all of it.
  await evidence(service, `grants/${grant}`);

  await all.test("AUDIT-2: an event is found, and its proof is looked at by the browser itself", async (t) => {
    const view = await visit("auditor", "/audit");
    const { page, faults } = view;
    await page.getByLabel("Action", { exact: true }).fill("grant.minted");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.waitForURL(/action=grant.minted/);
    await page.locator("tbody tr:only-child").waitFor();
    await page.locator("tbody a").click();
    await page.locator(".verdict.good").waitFor();
    t.match(await page.locator(".verdict").innerText(), /Proved/);
    const checks: unknown[] = [];
    for (const check of await page.locator(".checks > li").all()) {
      checks.push([await check.getAttribute("data-check"), await check.getAttribute("class")]);
    }
    const names = ["event", "leaf", "path", "head", "signature", "listed"];
    t.same(
      checks,
      names.map((name) => [name, "good"]),
      "each of them held",
    );
    t.match(await page.locator(".event").innerText(), new RegExp(grant));
    await view.picture("console-audit");
    const address = page.url();
    const again = await visit("auditor", address.slice(address.indexOf("/console") + "/console".length));
    await again.page.locator(".verdict.good").waitFor();
    t.same([...faults, ...again.faults], [], "and a link leads there");
  });

  const forgeries: readonly [string, string, (answer: Json) => Json, readonly string[]][] = [
    ["a path of other hashes", "**/proofs/inclusion*", forgedPath, ["path", "head"]],
    ["an event that says another actor", "**/audit/leaves*", forgedActor, ["event", "leaf", "path", "head", "listed"]],
    ["a state that was changed", "**/audit/leaves*", forgedState, ["event", "leaf", "path", "head", "listed"]],
    ["a head that nobody has signed", "**/proofs/inclusion*", forgedNote, ["signature"]],
    ["a list that says something else", "**/audit/events*", forgedList, ["listed"]],
    ["the entry of another event", "**/proofs/inclusion*", forgedEntry, ["event"]],
  ];
  for (const [what, where, forge, failing] of forgeries) {
    await all.test(`AUDIT-2: ${what} is shown as wrong`, async (t) => {
      const view = await visit("auditor", "/holds");
      const { page, context } = view;
      await context.route(where, async (route) => {
        const answer = await route.fetch();
        const body = (await answer.json()) as Json;
        await route.fulfill({ response: answer, json: forge(body) });
      });
      await view.open("/audit?action=grant.minted");
      await page.locator("tbody a").first().click();
      await page.locator(".verdict.bad").waitFor();
      t.match(await page.locator(".verdict").innerText(), /The proof is wrong/);
      const wrong: unknown[] = [];
      for (const check of await page.locator(".checks > .bad").all())
        wrong.push(await check.getAttribute("data-check"));
      t.same(wrong, failing);
      await context.close();
    });
  }

  await all.test("AUDIT-2: what has no proof yet says so, and who is no auditor is told", async (t) => {
    const view = await visit("auditor", "/audit");
    const { page, context } = view;
    await context.route("**/proofs/inclusion*", (route) =>
      route.fulfill({ status: 404, json: { code: "NOT_FOUND", status: 404, title: "Not found" } }),
    );
    await view.open("/audit?action=grant.minted&event=999999");
    await page.locator(".event .note").waitFor();
    t.match(await page.locator(".event .note").innerText(), /no proof of it yet/);
    const other = await visit("requester", "/audit");
    t.match(await other.page.locator("main").innerText(), /The audit log is for auditors/);
    t.equal(await other.page.locator("table").count(), 0);
    t.same(other.faults, [], "and nothing was asked for that is refused");
  });

  await all.test("OPEN-5: the evidence of a grant is saved byte for byte", async (t) => {
    const { page, faults } = await visit("auditor", `/grants/${grant}`);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download evidence" }).click(),
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    const saved = JSON.parse(Buffer.concat(chunks).toString()) as Json;
    t.match(saved, { payloadType: "application/vnd.in-toto+json" });
    const link = await page.getByRole("link", { name: "Evidence page" }).getAttribute("href");
    t.equal(link, `/v1/grants/${grant}/evidence`);
    const leaf = await page.context().newPage();
    await leaf.goto(`${service.url}${link}`);
    t.match(await leaf.content(), new RegExp(grant), "the session opens the page too");
    t.same(faults, []);
  });

  await all.test("OPEN-8: the log in every look has nothing that axe finds", async (t) => {
    await everyLook(t, browser, service, { as: "auditor", path: "/audit" });
    const { page } = await visit("auditor", "/audit?action=grant.minted");
    const path = await page.locator("tbody a").first().getAttribute("href");
    await settled(page);
    await everyLook(t, browser, service, { as: "auditor", path: (path ?? "").replace("/console", "") });
  });
}

function forgedPath(proof: Json): Json {
  const path = proof["path"] as string[];
  const other = Buffer.alloc(32, 7).toString("base64");
  return { ...proof, path: [other, ...path.slice(1)] };
}

function forgedEntry(proof: Json): Json {
  return { ...proof, entry: Buffer.from('{"actor":"somebody else"}').toString("base64") };
}

function forgedNote(proof: Json): Json {
  const note = proof["note"] as string;
  // The signature's last bytes are of another note.
  return { ...proof, note: note.replace(/(.{12})\n$/, "AAAAAAAAAAA=\n") };
}

function forgedActor(leaves: Json): Json {
  return changed(leaves, { actor: "somebody-else" });
}

function forgedState(leaves: Json): Json {
  return changed(leaves, { after: { status: "consumed" } });
}

function changed(leaves: Json, change: Json): Json {
  const items = leaves["items"] as { event: Json }[];
  return { ...leaves, items: items.map((item) => ({ ...item, event: { ...item.event, ...change } })) };
}

function forgedList(page: Json): Json {
  return { ...page, items: (page["items"] as Json[]).map((item) => ({ ...item, actor: "somebody-else" })) };
}
