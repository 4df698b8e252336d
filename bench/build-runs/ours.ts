import { setTimeout as pause } from "node:timers/promises";
import { randomUUID } from "node:crypto";
import type { EmbeddedServer } from "../../src/database/embedded/index.ts";
import { provision } from "../../src/database/embedded/index.ts";
import { buildApp } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";
import { migrate, openDatabase } from "../../src/database/index.ts";
import { type Role, serviceCaller } from "../../src/kernel/caller.ts";
import { checkServerKeys, createToken, ensurePrincipal } from "../../src/principals/index.ts";
import { type AnyBuild, builds } from "../../src/runs/index.ts";
import { mintActive, sovereignRequest, type TestKey, usableKey } from "../../test/support/commit.ts";
import { expectStatus } from "../../test/support/flow.ts";
import { cast, type Person, type Service, serverKeys, serviceAt, syncSecret } from "../../test/support/service.ts";
import { type Contender, poolSize, timed, times } from "./contender.ts";
import { synthetic } from "./synthetic.ts";

export interface Own {
  readonly service: Service;
  readonly key: TestKey;
  readonly targetUrl: string;
  untilDone(roots: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** The whole service over HTTP, with builds that do nothing but their states beside the real one. */
export async function ownService(
  server: EmbeddedServer,
  shapes: readonly { chains: number; steps: number }[],
): Promise<Own> {
  const { ownerUrl, appUrl, targetUrl } = await provision(server);
  await migrate({ ownerUrl });
  // As the service opens it.
  const database = openDatabase({ url: appUrl, poolSize, pipeline: true });
  const keys = serverKeys();
  const director = serviceCaller("bench");
  const tokens = await database.transact(async (tx) => {
    await checkServerKeys(tx, keys);
    const made: Partial<Record<Person, string>> = {};
    for (const [principal, role] of Object.entries(cast) as [Person, Role][]) {
      await ensurePrincipal(tx, director, principal, [role]);
      made[principal] = (
        await createToken(tx, director, keys, { principal, label: "bench", ttlSeconds: 86_400 })
      ).token;
    }
    return made as Record<Person, string>;
  });
  const made = shapes.flatMap(({ chains, steps }) => times(chains, (index): AnyBuild => synthetic(index, steps)));
  const config = {
    ...readConfig({
      RUN_CONCURRENCY: "64",
      RUN_POLL_MS: "1000",
      POOL_SIZE: String(poolSize),
      MAX_EVENT_LOOP_DELAY_MS: "0",
    }),
  };
  const app = buildApp({
    config,
    database,
    serverKeys: keys,
    syncSecret,
    targets: { default: targetUrl },
    builds: [...builds, ...made],
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const service = serviceAt(url, tokens);
  const most = Math.max(...shapes.map(({ chains }) => chains));
  for (const index of times(most, (one) => one)) {
    const scope = {
      carrier: "C1",
      namespace: "BENCH",
      axis: "bench",
      target: "DOT_C1_VOCAB_BUILD",
      environment: `bench-${index}`,
    };
    const rest = {
      database: "default",
      allowed_action_sets: [["bench"]],
      lease_name: `bench-${index}`,
      rehearsal_required: false,
    };
    await expectStatus(service.call("POST", "/v1/scopes", { as: "admin", body: { ...scope, ...rest } }), 201);
  }
  return {
    service,
    targetUrl,
    key: await usableKey(service),
    async untilDone(roots) {
      const waiting = new Set(roots);
      while (waiting.size > 0) {
        const { rows } = await database.transact(
          (tx) =>
            tx.query<{ root: string; status: string }>(
              "SELECT idempotency_root AS root, status FROM c1_build_run WHERE idempotency_root = ANY ($1::text[]) AND finished_at IS NOT NULL",
              [[...waiting]],
            ),
          { readOnly: true, single: true },
        );
        for (const { root, status } of rows) {
          if (status !== "succeeded") throw new Error(`${root} is ${status}`);
          waiting.delete(root);
        }
        // The pause between two looks: short against a chain, and a look is work for the database as well.
        if (waiting.size > 0) await pause(20);
      }
    },
    async close() {
      await app.close();
      await database.close();
    },
  };
}

const digest = `sha256:${"0".repeat(64)}`;

/** Runs of the service: every state with fence, marker, event, audit and progress. The grants are made beforehand. */
export function ours(own: Own): Contender {
  const { service, key } = own;
  const grant = async (index: number): Promise<{ authCode: string; bindings: object }> => {
    const place = {
      namespace: "BENCH",
      axis: "bench",
      environment: `bench-${index}`,
      action_set: ["bench"],
      manifest_digest: digest,
      schema_digest: digest,
    };
    const { authCode } = await mintActive(service, sovereignRequest({}, place), key);
    const { carrier, plan_id, plan_revision, executor, rollback_plan_ref } = sovereignRequest({}, place)
      .proposed_action as Record<string, unknown>;
    const bindings = {
      mode: "commit",
      carrier,
      plan_id,
      plan_revision,
      executor,
      rollback_plan_ref,
      manifest_digest: digest,
      schema_digest: digest,
      environment: `bench-${index}`,
      action_set: ["bench"],
    };
    return { authCode, bindings };
  };
  return {
    name: "countersign",
    step: "one transaction in the target (fence, effect, marker, event) and one in the control database (claim, fence, state, progress, audit)",
    async play(chains, steps) {
      const grants: Awaited<ReturnType<typeof grant>>[] = [];
      for (let index = 0; index < chains; index += 1) grants.push(await grant(index));
      const roots = grants.map(() => `bench-${randomUUID()}`);
      return timed(async () => {
        await Promise.all(
          grants.map(({ authCode, bindings }, index) => {
            const body = {
              idempotency_root: roots[index],
              build: `bench-${steps}-${index}`,
              auth_code: authCode,
              bindings,
              input: { steps },
            };
            return expectStatus(service.call("POST", "/v1/runs", { as: "c1-builder", body }), 202);
          }),
        );
        await own.untilDone(roots);
      });
    },
    close: () => own.close(),
  };
}
