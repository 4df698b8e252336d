import type { Test } from "tap";
import { settled, type TestBrowser } from "../../support/browser.ts";
import type { Person, Service } from "../../support/service.ts";

export interface Look {
  readonly as: Person;
  readonly path: string;
  /** Under which name pictures of it are kept, where they are asked for. */
  readonly picture?: string;
}

/** Both themes, both languages, wide and narrow: axe finds nothing, nothing is wider than the window, nothing fails. */
export async function everyLook(t: Test, browser: TestBrowser, service: Service, look: Look): Promise<void> {
  const seen = await browser.visit(service, { as: look.as, path: look.path });
  const { page } = seen;
  for (const theme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    for (const language of ["en", "vi"] as const) {
      await page.evaluate((chosen) => localStorage.setItem("countersign.language", chosen), language);
      await page.reload();
      await settled(page);
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: width === 360 ? 740 : 860 });
        const name = `${look.path} ${theme} ${language} ${width}`;
        t.same(await seen.axe(), [], `${name}: axe`);
        t.notOk(await seen.overflows(), `${name}: no wider than the window`);
        if (look.picture !== undefined && language === "en") {
          const ending = `${width === 360 ? "-narrow" : ""}${theme === "dark" ? "-dark" : ""}`;
          await seen.picture(`${look.picture}${ending}`);
        }
      }
      t.equal(await page.locator("html").getAttribute("lang"), language);
    }
  }
  t.same(seen.faults, [], `${look.path}: nothing fails`);
  await seen.context.close();
}
