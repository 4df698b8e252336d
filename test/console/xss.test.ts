import { readFile } from "node:fs/promises";
import t from "tap";
import { noBrowser, settled, startBrowser, type Visit } from "../support/browser.ts";
import { useUnits } from "../support/lifecycle.ts";
import { startService } from "../support/service.ts";
import { xssCorpus } from "../support/xss-corpus.ts";
import { type HostileScene, storeHostileTexts } from "./support/hostile-scene.ts";

t.setTimeout(290_000);
if (noBrowser !== undefined) t.plan(0, noBrowser);
else await suite(t);

async function suite(all: typeof t): Promise<void> {
  const target = await useUnits(all);
  const service = await startService(all, {
    targets: { default: target.url },
    config: { runPollMs: 50, webhookPollMs: 0 },
  });
  const scene = await storeHostileTexts(service, target);
  const browser = await startBrowser(all);

  await all.test("operations: the corpus has at least 200 texts", async (t) => {
    t.ok(xssCorpus.length >= 200, `${xssCorpus.length}`);
    t.equal(new Set(xssCorpus).size, xssCorpus.length);
  });

  await all.test("operations: a text that would run does so in this browser, so that the test can fail", async (t) => {
    const seen = await browser.visit(service, { as: "auditor", path: "/grants" });
    // Without the console's policy, as a page of somebody careless would be.
    await seen.page.goto("about:blank");
    await seen.page.setContent(xssCorpus.slice(0, 30).join("\n"));
    await seen.page.waitForEvent("dialog", { timeout: 5_000 }).catch(() => undefined);
    t.ok(
      seen.faults.some((fault) => fault.startsWith("dialog:")),
      "an alert was seen",
    );
    await seen.context.close();
  });

  await all.test("operations: no stored text runs on any screen, and the policy has nothing to refuse", async (t) => {
    const seen = await browser.visit(service, { as: "sovereign" });
    const strangers = watchStrangers(seen, service.url);
    const places = placesOf(scene);
    const unknown = (await screenPaths()).filter((path) => places[path] === undefined);
    t.same(unknown, [], "each screen of the console has a place in this test");
    for (const [screen, paths] of Object.entries(places)) {
      for (const path of paths) {
        await go(seen, path);
        await toTheEnd(seen);
        const odd = await oddities(seen);
        if (odd.length > 0) t.same(odd, [], `${screen}: ${path}`);
      }
      t.same(seen.faults, [], `${screen}: ${paths.length} shown, nothing ran and nothing was refused`);
    }
    t.same(strangers, [], "nobody else was asked for anything");
  });

  await all.test("operations: what is stored is shown letter for letter", async (t) => {
    const { page } = await browser.visit(service, { as: "auditor" });
    for (const [at, code] of scene.requests.entries()) {
      if (at % 10 !== 0) continue;
      await page.goto(`${service.url}/console/requests/${code}`);
      await settled(page);
      t.equal(plain(await page.locator("h1 .shown").textContent()), plain(xssCorpus[at] ?? ""), code);
    }
  });
}

/** Without the names that stand for what does not show, and without those characters themselves. */
function plain(text: string | null): string {
  return (text ?? "").replaceAll(/U\+[0-9A-F]{4,6}|(?! )[\p{C}\p{Zs}\p{Default_Ignorable_Code_Point}]/gu, "");
}

/** The paths of the table of screens. */
async function screenPaths(): Promise<string[]> {
  const source = await readFile(new URL("../../src/console/screens.ts", import.meta.url), "utf8");
  const paths = [...source.matchAll(/path: "([^"]+)"/g)].map(([, path = ""]) => path);
  if (paths.length < 15) throw new Error("the table of screens could not be read");
  return paths;
}

function placesOf({ requests, grants, runs, plans }: HostileScene): Record<string, readonly string[]> {
  const part = encodeURIComponent;
  return {
    "/": [
      "/",
      "/?view=mine",
      "/?view=voted",
      ...xssCorpus.slice(0, 20).map((text) => `/?q=${part(text)}&view=${part(text)}`),
    ],
    "/requests": ["/requests"],
    "/requests/:apr_code": [
      ...requests.map((code) => `/requests/${code}`),
      ...xssCorpus.slice(0, 20).map((text) => `/requests/${part(text)}`),
    ],
    "/grants": ["/grants"],
    "/grants/:auth_code": [...grants.map((code) => `/grants/${part(code)}`), `/grants/${part(xssCorpus[0] ?? "")}`],
    "/runs": ["/runs"],
    "/runs/:root": [...runs.map((root) => `/runs/${part(root)}`), `/runs/${part(xssCorpus[1] ?? "")}`],
    "/plans": ["/plans"],
    "/plans/:id/:revision": plans.map(({ id, revision }) => `/plans/${part(id)}/${part(revision)}`),
    "/lifecycle": ["/lifecycle", "/lifecycle?view=log", "/lifecycle?view=incidents"],
    "/audit": ["/audit"],
    "/keys": ["/keys"],
    "/holds": ["/holds"],
    "/webhooks": ["/webhooks"],
    "/callback": [`/callback?code=${part(xssCorpus[0] ?? "")}&state=${part(xssCorpus[1] ?? "")}`],
  };
}

/** Goes there as a link would, so that hundreds of places take seconds. */
async function go({ page }: Visit, path: string): Promise<void> {
  await page.evaluate(async (where) => {
    history.pushState(null, "", `/console${where}`);
    dispatchEvent(new PopStateEvent("popstate"));
    // The file of the screen is there already, or the page says that it is being loaded: two frames are enough for either.
    for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  }, path);
  await settled(page);
}

/** Reads a list on to its end, or as far as ten pages of it. */
async function toTheEnd({ page }: Visit): Promise<void> {
  for (let times = 0; times < 10; times += 1) {
    const more = page.locator("cs-more button").last();
    if ((await more.count()) === 0) return;
    await more.click({ timeout: 2_000 }).catch(() => undefined);
    await settled(page);
  }
}

/** Elements and attributes that no screen of ours has. */
function oddities({ page }: Visit): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    // The service under its other name, where passkeys work.
    const own = [`${location.origin}/`, `http://localhost:${location.port}/console/`];
    const forbidden =
      "script, iframe, object, embed, img, image, video, audio, base, meta, style, link, marquee, math, template, form[action]";
    for (const element of document.body.querySelectorAll("*")) {
      if (element.matches(forbidden)) found.push(element.outerHTML.slice(0, 200));
      for (const { name, value } of element.attributes) {
        if (name.startsWith("on") || name === "style" || name === "srcdoc")
          found.push(`${element.localName} ${name}=${value}`);
      }
      if (element instanceof HTMLAnchorElement && !own.some((origin) => element.href.startsWith(origin)))
        found.push(element.href);
    }
    return found;
  });
}

/** Requests to anybody but the service. */
function watchStrangers({ page }: Visit, url: string): string[] {
  const strangers: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(`${url}/`)) strangers.push(request.url());
  });
  return strangers;
}
