import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { AxeResults } from "axe-core";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { ensureConsole } from "../../src/bootstrap/console.ts";
import type { Owner, Person, Service } from "./service.ts";

/** Debian's; another one is named by CHROMIUM. */
const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** Why there is no browser here to test with, for `t.skip`; undefined where there is one. */
export const noBrowser: string | undefined = existsSync(executablePath)
  ? undefined
  : `there is no chromium at ${executablePath}: name one with CHROMIUM`;

/** Pictures are written only when asked for: `node test/console/….test.ts --pictures`. */
const pictures = process.argv.includes("--pictures")
  ? fileURLToPath(new URL("../../docs/images/", import.meta.url))
  : undefined;

const axeSource = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// What runs in the page is text here: this program has no document, and its compiler says so.
/** As much of an element as `isSettled` needs: that one is no text, since the page's policy lets no text be waited for. */
interface Found {
  querySelector(selector: string): Found | null;
  querySelectorAll(selector: string): Iterable<Found>;
  closest(selector: string): Found | null;
}
const isSettled = (): boolean => {
  const main = (globalThis as unknown as { document: Found }).document.querySelector("main");
  const waits = [...(main?.querySelectorAll("[role=status]") ?? [])].some((one) => one.closest(".toasts") === null);
  return main?.querySelector("h1, .problem") != null && !waits;
};
const isWider = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
/** Before anything of the page's own runs. */
const watchPolicy = `document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
  countersignFault("policy: " + violatedDirective + " " + blockedURI + " " + sample))`;

/** What a test may wait for, milliseconds: the machine may be busy. */
const patience = 45_000;

export interface VisitOptions {
  /** Signed in as; nobody if absent. */
  readonly as?: Person;
  /** Below `/console`. */
  readonly path?: string;
  readonly width?: number;
  readonly height?: number;
  readonly theme?: "light" | "dark";
  readonly language?: "en" | "vi";
}

/** A window on the console, and what went wrong in it. */
export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of scripts, refusals of the policy, dialogs, requests that failed: all that should not be. */
  readonly faults: string[];
  /** Opens a path below `/console` and waits for its screen. */
  readonly open: (where: string) => Promise<void>;
  /** What axe finds wrong on the page as it stands: a line for each rule and place. */
  readonly axe: () => Promise<string[]>;
  /** Whether the page is wider than its window. */
  readonly overflows: () => Promise<boolean>;
  /** Writes `docs/images/<name>.png` where pictures are asked for. */
  readonly picture: (name: string) => Promise<void>;
}

export interface TestBrowser {
  visit(service: Service, options?: VisitOptions): Promise<Visit>;
}

/** Starts the browser and builds the console if need be; both end with the test. */
export async function startBrowser(t: Owner): Promise<TestBrowser> {
  const trouble = await ensureConsole();
  if (trouble !== undefined) throw new Error(`the console cannot be built: ${trouble}`);
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  t.teardown(() => browser.close());
  return { visit: (service, options = {}) => visit(browser, service, options) };
}

async function visit(browser: Browser, service: Service, options: VisitOptions): Promise<Visit> {
  const { width = 1280, height = 860, theme = "light", language = "en" } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    locale: language === "vi" ? "vi-VN" : "en-GB",
    timezoneId: "UTC",
    reducedMotion: "reduce",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  context.setDefaultTimeout(patience);
  const faults: string[] = [];
  await context.exposeBinding("countersignFault", (_source, fault: string) => faults.push(fault));
  await context.addInitScript(watchPolicy);
  if (options.as !== undefined) await signIn(context, service, options.as);
  const page = await context.newPage();
  watch(page, faults);
  const open = async (where: string): Promise<void> => {
    await page.goto(`${service.url}/console${where}`);
    await settled(page);
  };
  await open(options.path ?? "/");
  return {
    page,
    context,
    faults,
    open,
    axe: () => axe(page),
    overflows: () => page.evaluate<boolean>(isWider),
    picture: async (name) => {
      if (pictures === undefined) return;
      await mkdir(pictures, { recursive: true });
      await page.screenshot({ path: path.join(pictures, `${name}.png`) });
    },
  };
}

/** Opens a session over HTTP, as the page's own form would; the cookie is the browser's. */
export async function signIn(context: BrowserContext, service: Service, person: Person): Promise<void> {
  const answer = await context.request.post(`${service.url}/v1/session`, { data: { token: service.tokens[person] } });
  if (answer.status() !== 201) throw new Error(`no session: ${answer.status()} ${await answer.text()}`);
}

/** Waits until the screen of the address is there and nothing of it is being loaded. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(isSettled, undefined, { timeout: patience });
}

function watch(page: Page, faults: string[]): void {
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    // A refusal is an answer; the page shows it, and the test looks there.
    if (/^Failed to load resource: .*status of 4\d\d/.test(message.text())) return;
    faults.push(`console: ${message.text()}`);
  });
}

async function axe(page: Page): Promise<string[]> {
  await page.evaluate(await axeSource);
  const results = await page.evaluate<AxeResults>("axe.run(document)");
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary ?? ""}`),
  );
}
