import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { provision, startEmbedded } from "../../src/database/embedded/index.ts";
import { type Database, openDatabase } from "../../src/database/index.ts";
import { readStage, type Stage } from "../../src/lifecycle/index.ts";
import { parsePlan } from "../../src/plan-file/index.ts";
import type { Generator } from "../generator.ts";

const plans = new URL("../../plans/", import.meta.url);

/** The SQL of a plan's steps, in order. */
async function statementsOf(file: string): Promise<string> {
  const { plan } = await parsePlan(await readFile(new URL(file, plans), "utf8"));
  return plan.steps.flatMap((step) => (step.kind === "sql" ? [step.sql] : [])).join(";\n");
}

/** What a target is compared with: its base, and what the two plans make of it, as the catalog has it. */
const lifecycle: Generator = {
  name: "lifecycle gateway",
  async produce() {
    const dataDir = await mkdtemp(join(tmpdir(), "countersign-lifecycle-"));
    const server = await startEmbedded({ dataDir, settings: { fsync: "off" }, log: () => undefined });
    const { targetUrl } = await provision(server);
    // As a superuser, because the fixture makes roles; what it and the plans make is the role's whoever runs them.
    const database = openDatabase({ url: server.url(new URL(targetUrl).pathname.slice(1)), poolSize: 1 });
    try {
      const made = await install(database);
      return new Map([["migrations/builds/lifecycle-gateway.json", `${JSON.stringify(made, null, 2)}\n`]]);
    } finally {
      await database.close();
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};

async function install(database: Database): Promise<unknown> {
  const run = async (text: string): Promise<Stage> => {
    await database.transact((tx) => tx.query(text));
    return database.transact((tx) => readStage(tx), { readOnly: true });
  };
  const base = await run(await readFile(new URL("fixtures/lifecycle.sql", plans), "utf8"));
  const enactment = await run(await statementsOf("lifecycle-enactment.yaml"));
  return { base, enactment, backlog: await run(await statementsOf("lifecycle-backlog.yaml")) };
}

export default lifecycle;
