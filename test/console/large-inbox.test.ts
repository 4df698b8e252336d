import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import t from "tap";
import { noBrowser, settled, startBrowser } from "../support/browser.ts";
import { fillRequests } from "../support/many-requests.ts";
import { ask } from "../support/runs.ts";
import { setStage, startService } from "../support/service.ts";

const count = 100_000;
/** What the scripts of a screen may weigh as they travel, gzipped. Bytes. */
const mostJavascript = 60_000;

t.setTimeout(290_000);
if (noBrowser !== undefined) t.plan(0, noBrowser);
else await suite(t);

async function suite(all: typeof t): Promise<void> {
  const stage = await setStage(all);
  await fillRequests(stage.names, count);
  await openAll(stage.names.superUrl);
  const service = await startService(all, { stage });
  const browser = await startBrowser(all);

  await all.test("operations: an inbox of 100,000 requests is painted, read on and searched", async (t) => {
    const seen = await browser.visit(service, { as: "approver_1" });
    const { page, faults } = seen;
    const paints: number[] = [];
    for (let time = 0; time < 5; time += 1) {
      await page.reload();
      await settled(page);
      await page.locator("ol.rows li").first().waitFor();
      paints.push(await firstPaint(page));
    }
    t.comment(`first contentful paint of ${count} requests, ms: ${paints.map(Math.round).join(", ")}`);
    t.comment(`first row in the page, ms: ${Math.round(await firstRow(page))}`);
    t.equal(await page.locator("ol.rows li").count(), 50, "a page of them");

    const { rows, frames, longest, milliseconds } = await scrollOn(page, 1_000);
    t.ok(rows >= 1_000, `${rows} rows are there after scrolling`);
    t.comment(
      `${rows} rows after ${Math.round(milliseconds)} ms of scrolling: ${frames} frames, the longest ${Math.round(longest)} ms`,
    );
    t.comment(`layout with ${rows} rows, ms: ${Math.round(await relayout(page))}`);
    t.same(await seen.axe(), []);

    await page.keyboard.press("Home");
    await page.getByLabel("Search").fill("H-000000007");
    await page.waitForFunction(() => document.querySelectorAll("ol.rows li").length === 1);
    t.match(await page.locator("ol.rows li").innerText(), /H-000000007/);
    t.same(faults, []);
  });

  await all.test("operations: the scripts of each screen weigh less than 60 kB gzipped", async (t) => {
    const seen = await browser.visit(service, { as: "approver_1" });
    const { page } = seen;
    const scripts = new Map<string, number>();
    page.on("response", (response) => {
      if (new URL(response.url()).pathname.endsWith(".js")) scripts.set(response.url(), 0);
    });
    for (const where of ["/", "/requests", "/requests/H-000000007", "/grants", "/runs", "/plans", "/audit", "/keys"]) {
      scripts.clear();
      await page.goto("about:blank");
      await seen.open(where);
      const bytes = await gzippedSizes([...scripts.keys()]);
      t.comment(`${where}: ${scripts.size} files, ${(bytes / 1_000).toFixed(1)} kB gzipped`);
      t.ok(bytes < mostJavascript, `${where}: ${bytes} bytes`);
    }
  });
}

/** Each request waits for somebody: the guard is away meanwhile, since a request that has ended does not open again. */
async function openAll(superUrl: string): Promise<void> {
  await ask(
    superUrl,
    `BEGIN;
     ALTER TABLE approval_requests DISABLE TRIGGER guard_approval_request;
     UPDATE approval_requests SET status = 'open', result = NULL, result_at = NULL, result_by = NULL, auth_code = NULL,
                                  decide_by = clock_timestamp() + interval '7 days';
     ALTER TABLE approval_requests ENABLE ALWAYS TRIGGER guard_approval_request;
     COMMIT`,
  );
  await ask(superUrl, "VACUUM (ANALYZE) approval_requests");
}

/** As the browser has measured it, milliseconds after the navigation. */
function firstPaint(page: Page): Promise<number> {
  return page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN);
}

async function firstRow(page: Page): Promise<number> {
  await page.reload();
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const look = () => {
          if (document.querySelector("ol.rows li") === null) requestAnimationFrame(look);
          else resolve(performance.now());
        };
        look();
      }),
  );
}

/** Scrolls a screenful a frame until so many rows are there. */
function scrollOn(page: Page, wanted: number) {
  return page.evaluate(async (most) => {
    const begun = performance.now();
    let frames = 0;
    let longest = 0;
    let last = begun;
    let rows = 0;
    while (rows < most && performance.now() - begun < 60_000) {
      scrollBy(0, innerHeight);
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      frames += 1;
      longest = Math.max(longest, now - last);
      last = now;
      rows = document.querySelectorAll("ol.rows li").length;
    }
    return { rows, frames, longest, milliseconds: performance.now() - begun };
  }, wanted);
}

/** How long the whole page takes to be laid out anew, milliseconds. */
function relayout(page: Page): Promise<number> {
  return page.evaluate(() => {
    const begun = performance.now();
    document.body.style.setProperty("width", "99%");
    const height = document.body.offsetHeight;
    document.body.style.removeProperty("width");
    return height > 0 ? performance.now() - begun : Number.NaN;
  });
}

/** What the files weigh as they travel compressed, by the list that the build has written. */
async function gzippedSizes(urls: readonly string[]): Promise<number> {
  const manifest = JSON.parse(await readFile(new URL("../../dist/console/manifest.json", import.meta.url), "utf8")) as {
    files: Record<string, { gzip: number } | undefined>;
  };
  return urls.reduce((sum, url) => {
    const size = manifest.files[new URL(url).pathname.replace(/^\/console\//, "")];
    if (size === undefined) throw new Error(`the build does not know ${url}`);
    return sum + size.gzip;
  }, 0);
}
