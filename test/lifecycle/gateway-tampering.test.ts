import t from "tap";
import { openDatabase, type Tx } from "../../src/database/index.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { readGateway } from "../../src/lifecycle/gateway/catalog.ts";
import { compare } from "../../src/lifecycle/gateway/compare.ts";
import type { GatewayObject } from "../../src/lifecycle/gateway/schemas.ts";
import { recordLook } from "../../src/lifecycle/incidents/watch.ts";
import { useDatabase } from "../support/cluster.ts";
import { installPlan, useUnits } from "../support/lifecycle.ts";
import { functions } from "./gateway-tamperings/functions.ts";
import { reached } from "./gateway-tamperings/reached.ts";
import { roles } from "./gateway-tamperings/roles.ts";
import { rows } from "./gateway-tamperings/rows.ts";
import { tables } from "./gateway-tamperings/tables.ts";
import { triggers } from "./gateway-tamperings/triggers.ts";

t.setTimeout(120_000);

/** As the service reads it: with the rights of the login of TARGETS, in the superuser's own transaction. */
async function asTheService(tx: Tx): Promise<readonly GatewayObject[]> {
  await tx.query("SET LOCAL ROLE countersign_owner");
  const found = await readGateway(tx);
  await tx.query("RESET ROLE");
  return found;
}

t.test("OPEN-10 each tampering by a superuser opens the incident that names it, and put back it is none", async (t) => {
  const target = await useUnits(t);
  await installPlan(target, "lifecycle-enactment.yaml");
  await installPlan(target, "lifecycle-backlog.yaml");
  const superuser = openDatabase({ url: target.superUrl, poolSize: 1 });
  const control = openDatabase({ url: (await useDatabase(t)).appUrl, poolSize: 1 });
  t.teardown(async () => {
    await superuser.close();
    await control.close();
  });
  const log = { state: "not_installed", refused: [], from: undefined, to: undefined, more: false } as const;
  const marks = { compared: false, sighted: [], next: [] };
  const units = { compared: false, contradictions: 0, sighted: [], marks };

  const accepted = await superuser.transact(asTheService, { rollback: true });
  const named = (found: readonly GatewayObject[]) =>
    compare(accepted, found).map(({ object, aspect }) => [object, aspect]);

  for (const tampering of [...functions, ...triggers, ...rows, ...tables, ...reached, ...roles]) {
    await t.test(tampering.what, (t) =>
      superuser.transact(
        async (tx) => {
          await tx.query(tampering.sql);
          const found = await asTheService(tx);
          t.strictSame(named(found), tampering.named);
          const look = { database: "default", baseline: { baseline_id: "1", objects: accepted }, found, log, units };
          const { opened } = await control.transact((own) => recordLook(own, serviceCaller("test"), look), {
            rollback: true,
          });
          t.equal(opened.length, tampering.named.length, "an incident for each difference");
          if (tampering.back === undefined) return;
          await tx.query(tampering.back);
          t.strictSame(named(await asTheService(tx)), [], "put back");
        },
        { rollback: true },
      ),
    );
  }
  t.strictSame(named(await superuser.transact(asTheService, { rollback: true })), [], "nothing is left of them");
});
