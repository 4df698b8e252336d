import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import t from "tap";
import { serverKey, setStage, syncSecret } from "../support/service.ts";
import { spawnNode, startedWith } from "../support/started.ts";

t.setTimeout(120_000);

t.test(
  "operations: a start says in one line where the service and its console are, and the console is there",
  async (t) => {
    const stage = await setStage(t);
    const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
    const child = spawnNode([main], {
      stdio: ["ignore", "pipe", "inherit"],
      env: startedWith({
        PORT: "0",
        LOG_LEVEL: "error",
        DATABASE_URL: stage.names.appUrl,
        DATABASE_OWNER_URL: stage.names.ownerUrl,
        SYNC_SECRET: syncSecret,
        SERVER_KEYS: serverKey,
        DATA_DIR: t.testdir({}),
      }),
    });
    t.teardown(async () => {
      const gone = once(child, "exit");
      if (child.kill("SIGTERM")) await gone;
    });
    if (child.stdout === null) throw new Error("no output");
    const lines = createInterface({ input: child.stdout });
    const [line] = (await once(lines, "line")) as [string];
    const form =
      /^countersign is at (http:\/\/127\.0\.0\.1:\d+) · console: (\S+) · documentation: (\S+) · tokens: countersign token create$/;
    const [, url = "", console = "", documentation = ""] = form.exec(line) ?? [];
    t.strictSame([console, documentation], [`${url}/console/`, `${url}/docs`], line);
    const page = await fetch(console);
    t.equal(page.status, 200, "it was built before that was said");
    t.match(await page.text(), /<script type="module" src="\/console\/assets\/main-[A-Z0-9]+\.js">/);
  },
);
